//! A real Apache Kafka: fetched once into `target/kafka/lib`, one broker a test process.
//! A test that stops the broker starts one of its own.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process::{Child, Command},
    sync::{Mutex, OnceLock},
    time::{Duration, Instant},
};

use nix::sys::signal::Signal;
use rdkafka::{
    ClientConfig,
    admin::{AdminClient, AdminOptions, NewTopic, TopicReplication},
    client::DefaultClientContext,
    consumer::{BaseConsumer, Consumer},
};

use super::{
    Proxy, folder,
    maven::{self, REMEDY},
    process::{free_port, kept, must_succeed, signal, spawn, wait},
};

/// A Kafka broker of our own.
pub struct Broker {
    folder: PathBuf,
    /// Where clients are sent to: its own port, or that of a network in front of it.
    advertised: u16,
    server: Mutex<Option<Child>>,
}

impl Broker {
    /// The broker that the tests of this process share: take a topic of your own.
    pub fn shared() -> &'static Broker {
        static SHARED: OnceLock<Broker> = OnceLock::new();
        SHARED.get_or_init(Broker::launch)
    }

    /// A broker that one test may stop and start.
    pub fn launch() -> Broker {
        Broker::launch_as(Node::alone(), |_| {})
    }

    /// A broker that is reached over a network which a test may slow down.
    pub fn launch_behind_a_network() -> (Broker, Proxy) {
        let node = Node { advertised: free_port(), ..Node::alone() };
        let network = Proxy::between(node.advertised, node.port);
        (Broker::launch_as(node, |_| {}), network)
    }

    /// A broker with a second door, where `ledger` has to say the password `tops3cret`; answers the address of that one.
    pub fn launch_with_a_password() -> (Broker, String) {
        let door = free_port();
        let broker = Broker::launch_as(Node { door: Some(door), ..Node::alone() }, |_| {});
        (broker, format!("127.0.0.1:{door}"))
    }

    /// A broker whose data is in a folder that a test prepares.
    pub fn launch_on(prepare: impl FnOnce(&Path)) -> Broker {
        Broker::launch_as(Node::alone(), prepare)
    }

    /// The brokers of one Kafka, whose topics have three replicas. The first one decides who leads.
    pub fn launch_three() -> [Broker; 3] {
        let controller = free_port();
        [1, 2, 3].map(|id| Broker::launch_as(Node { id, controller, replicas: 3, ..Node::alone() }, |_| {}))
    }

    fn launch_as(node: Node, prepare: impl FnOnce(&Path)) -> Broker {
        let broker = Broker { folder: folder::fresh("kafka"), advertised: node.advertised, server: Mutex::new(None) };
        let data = broker.folder.join("data");
        fs::create_dir(&data).expect("a data folder");
        prepare(&data);
        fs::write(broker.properties(), node.properties(&data)).expect("the broker's settings");
        let mut format = Command::new("java");
        format.arg("-cp").arg(classes()).args(["-XX:TieredStopAtLevel=1", "kafka.tools.StorageTool", "format"]);
        format.arg(if node.id == 1 { "--standalone" } else { "--no-initial-controllers" });
        format.args(["-t", "cmV3YXJkLWxlZGdlci0xMg", "-c"]).arg(broker.properties());
        must_succeed(format, "formatting Kafka's data folder", REMEDY);
        broker.start();
        broker
    }

    /// Starts the broker, again on the same port and data when it was stopped, and waits until it serves.
    pub fn start(&self) {
        let log = File::options().create(true).append(true).open(self.log_file()).expect("a log file");
        let mut kafka = kept("KILL", "java");
        kafka.args(["-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-cp"]).arg(classes());
        kafka.arg("kafka.Kafka").arg(self.properties());
        kafka.stdout(log.try_clone().expect("a second handle")).stderr(log);
        *self.server.lock().unwrap() = Some(spawn(kafka));
        self.wait_until_it_serves();
    }

    fn wait_until_it_serves(&self) {
        let asking: BaseConsumer =
            ClientConfig::new().set("bootstrap.servers", self.bootstrap()).create().expect("a Kafka client");
        let started = Instant::now();
        while !asking.fetch_metadata(None, Duration::from_millis(500)).is_ok_and(|seen| !seen.brokers().is_empty()) {
            let ended = self.server.lock().unwrap().as_mut().is_none_or(|server| server.try_wait().unwrap().is_some());
            if ended || started.elapsed() > Duration::from_secs(90) {
                panic!("Kafka does not serve. {REMEDY}\n{}", fs::read_to_string(self.log_file()).unwrap_or_default());
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Stops the broker; its data stays.
    pub fn stop(&self) {
        let Some(mut server) = self.server.lock().unwrap().take() else {
            return;
        };
        signal(&server, Signal::SIGTERM);
        if wait(&mut server, Duration::from_secs(20)).is_none() {
            server.kill().ok();
            server.wait().ok();
        }
    }

    /// Whether it runs: it may have ended by itself.
    pub fn is_running(&self) -> bool {
        self.server.lock().unwrap().as_mut().is_some_and(|server| server.try_wait().unwrap().is_none())
    }

    /// Ends the broker as a power cut would; its data stays.
    pub fn kill_9(&self) {
        if let Some(mut server) = self.server.lock().unwrap().take() {
            server.kill().ok();
            server.wait().ok();
        }
    }

    /// Deletes a topic and waits until it is gone.
    pub async fn delete_topic(&self, topic: &str) {
        let admin = self.admin();
        admin.delete_topics(&[topic], &AdminOptions::new()).await.expect("the broker answers")[0]
            .as_ref()
            .expect("the topic is deleted");
        let is_there = || {
            let metadata = admin.inner().fetch_metadata(None, Duration::from_secs(10)).expect("the broker answers");
            metadata.topics().iter().any(|there| there.name() == topic)
        };
        while is_there() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Makes a topic, as somebody else would.
    pub async fn make_topic(&self, topic: &str, partitions: i32) {
        let new = NewTopic::new(topic, partitions, TopicReplication::Fixed(1));
        let made = self.admin().create_topics([&new], &AdminOptions::new()).await.expect("the broker answers");
        made[0].as_ref().expect("the topic is made");
    }

    fn admin(&self) -> AdminClient<DefaultClientContext> {
        ClientConfig::new().set("bootstrap.servers", self.bootstrap()).create().expect("an admin client")
    }

    /// Sets an option of a topic, `name=value`, with Kafka's own tool.
    pub fn configure(&self, topic: &str, option: &str) {
        let mut alter = Command::new("java");
        alter.arg("-cp").arg(classes()).args(["-XX:TieredStopAtLevel=1", "kafka.admin.ConfigCommand"]);
        alter.args(["--bootstrap-server", &self.bootstrap(), "--alter", "--entity-type", "topics"]);
        alter.args(["--entity-name", topic, "--add-config", option]);
        must_succeed(alter, "setting an option of a topic", REMEDY);
    }

    /// What the service gets as `KAFKA_BROKERS`.
    pub fn bootstrap(&self) -> String {
        format!("127.0.0.1:{}", self.advertised)
    }

    /// The process id of the broker.
    pub fn pid(&self) -> Option<u32> {
        self.server.lock().unwrap().as_ref().map(Child::id)
    }

    fn properties(&self) -> PathBuf {
        self.folder.join("server.properties")
    }

    fn log_file(&self) -> PathBuf {
        self.folder.join("broker.log")
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        self.kill_9();
        fs::remove_dir_all(&self.folder).ok();
    }
}

/// One process of a Kafka. The first one is its controller too.
struct Node {
    id: u8,
    port: u16,
    advertised: u16,
    controller: u16,
    replicas: u8,
    /// Where a name and a password are asked for, if anywhere.
    door: Option<u16>,
}

impl Node {
    fn alone() -> Node {
        let port = free_port();
        Node { id: 1, port, advertised: port, controller: free_port(), replicas: 1, door: None }
    }

    fn properties(&self, data: &Path) -> String {
        let properties = include_str!("../../server.properties")
            .replace("@NODE@", &self.id.to_string())
            .replace("@REPLICAS@", &self.replicas.to_string())
            .replace("@PORT@", &self.port.to_string())
            .replace("@ADVERTISED@", &self.advertised.to_string())
            .replace("@CONTROLLER_PORT@", &self.controller.to_string())
            .replace("@DATA@", &data.display().to_string());
        if let Some(door) = self.door {
            let opened = format!("PLAINTEXT://127.0.0.1:{},DOOR://127.0.0.1:{door},", self.port);
            return properties
                .replace(&format!("PLAINTEXT://127.0.0.1:{},", self.port), &opened)
                .replace("=PLAINTEXT:PLAINTEXT,", "=PLAINTEXT:PLAINTEXT,DOOR:SASL_PLAINTEXT,")
                + "\nsasl.enabled.mechanisms=PLAIN\nlistener.name.door.plain.sasl.jaas.config=\
                   org.apache.kafka.common.security.plain.PlainLoginModule required user_ledger=\"tops3cret\";\n";
        }
        if self.id == 1 {
            return properties;
        }
        let controller = format!(",CONTROLLER://127.0.0.1:{}", self.controller);
        properties.replace("process.roles=broker,controller", "process.roles=broker").replace(&controller, "")
    }
}

/// The class path, after fetching what stands in `pom.xml`.
fn classes() -> PathBuf {
    static LIBRARY: OnceLock<PathBuf> = OnceLock::new();
    let library = LIBRARY.get_or_init(|| {
        let (home, _lock) = maven::locked_home("kafka");
        maven::fetch(&home, include_str!("../../pom.xml"), false);
        home.join("lib")
    });
    library.join("*")
}
