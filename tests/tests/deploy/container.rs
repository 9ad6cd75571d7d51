//! A container without an engine: a file system with what the run-time stage holds, read-only, its own mounts and process ids,
//! and the image's user, environment and entry point. It shares the network of the test, so each gets ports of its own.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    os::unix::fs::{PermissionsExt, chown},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use tests::support::{
    binary, folder,
    process::{free_port, kept, spawn, wait},
};

use super::dockerfile::Image;

/// How long anything of a container may take.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// What sets the mounts up and becomes the program: `ROOT DATA USER MOUNTS PROGRAM…`. Only DATA can be written to.
const ENTER: &str = r#"
set -eu
root=$1 data=$2 volume=$3 user=$4 workdir=$5 program=$6; shift 6
mount --bind "$root" "$root"
mount --bind "$program" "$root/usr/local/bin/reward-ledger"
mount -t proc proc "$root/proc"
for device in null zero urandom random; do mount --bind "/dev/$device" "$root/dev/$device"; done
if [ "$data" != - ]; then mount --bind "$data" "$root$volume"; fi
if [ -e "$root.secrets" ]; then mount --bind "$root.secrets" "$root/run/secrets"; mount -o remount,bind,ro "$root/run/secrets"; fi
mount -o remount,bind,ro "$root"
cd "$root$workdir"
exec setpriv --no-new-privs -- /usr/sbin/chroot --userspec="$user" "$root" "$@"
"#;

/// How a container is started.
pub(crate) struct Container {
    image: Image,
    root: PathBuf,
    data: Option<PathBuf>,
    environment: BTreeMap<String, String>,
    /// Where it serves.
    pub(crate) port: u16,
}

/// How it ended.
#[derive(Debug)]
pub(crate) struct Ended {
    /// The exit status; none when a signal ended it.
    pub(crate) code: Option<i32>,
    /// Standard output and error.
    pub(crate) said: String,
}

/// A running container.
pub(crate) struct Running {
    child: Child,
    log: PathBuf,
}

impl Container {
    /// The image with a fresh volume and ports that nobody has.
    pub(crate) fn new() -> Container {
        let (image, root) = (Image::read(), folder::fresh("image"));
        assemble(&root, &image);
        let data = folder::fresh("volume");
        owned(&data, &image.user);
        let mut environment = image.environment.clone();
        let port = free_port();
        environment.insert("LISTEN".to_owned(), with_port(&environment["LISTEN"], port));
        environment.insert("METRICS_LISTEN".to_owned(), with_port(&environment["METRICS_LISTEN"], free_port()));
        environment.insert("KAFKA".to_owned(), "off".to_owned());
        Container { image, root, data: Some(data), environment, port }
    }

    /// With this variable.
    pub(crate) fn env(mut self, name: &str, value: &str) -> Container {
        self.environment.insert(name.to_owned(), value.to_owned());
        self
    }

    /// With the address of a database as a mounted secret.
    pub(crate) fn on(self, url: &str) -> Container {
        self.secret("database_url", url, 0o444).env("DATABASE_URL_FILE", "/run/secrets/database_url")
    }

    /// With a file in `/run/secrets`, which root owns.
    pub(crate) fn secret(self, name: &str, text: &str, mode: u32) -> Container {
        let secrets = self.root.with_extension("secrets");
        fs::create_dir_all(&secrets).unwrap();
        fs::write(secrets.join(name), text).unwrap();
        fs::set_permissions(secrets.join(name), fs::Permissions::from_mode(mode)).unwrap();
        self
    }

    /// Without a volume: nothing at all can be written to.
    pub(crate) fn without_volume(mut self) -> Container {
        self.data = None;
        self
    }

    /// The folder of the volume.
    pub(crate) fn volume(&self) -> &Path {
        self.data.as_deref().unwrap()
    }

    /// User and group of the image.
    pub(crate) fn user(&self) -> &str {
        &self.image.user
    }

    /// Where it serves metrics.
    pub(crate) fn metrics(&self) -> String {
        format!("http://127.0.0.1:{}", self.environment["METRICS_LISTEN"].rsplit(':').next().unwrap())
    }

    /// Starts it as an engine would, with these arguments instead of those of the image where there are any.
    pub(crate) fn start(&self, arguments: &[&str]) -> Running {
        let given: Vec<String> = arguments.iter().map(|argument| (*argument).to_owned()).collect();
        let command = if given.is_empty() { &self.image.command } else { &given };
        self.enter(self.image.entrypoint.iter().chain(command))
    }

    /// Runs a command of the image to its end.
    pub(crate) fn run(&self, arguments: &[&str]) -> Ended {
        self.start(arguments).ended()
    }

    /// What an engine asks every few seconds.
    pub(crate) fn health(&self) -> Ended {
        self.enter(self.image.health.iter()).ended()
    }

    /// Waits until the health check is content.
    pub(crate) fn well(&self, running: &mut Running) {
        let started = Instant::now();
        while self.health().code != Some(0) {
            assert!(running.child.try_wait().unwrap().is_none(), "it ended:\n{}", running.said());
            assert!(started.elapsed() < PATIENCE, "it is not well:\n{}", running.said());
        }
    }

    fn enter<'a>(&self, words: impl Iterator<Item = &'a String>) -> Running {
        let log = folder::fresh("output").join("log");
        let file = File::create(&log).unwrap();
        let mut command = kept("KILL", "unshare");
        command.args(["--mount", "--propagation", "private", "--pid", "--fork", "--kill-child=KILL", "--"]);
        command.args(["sh", "-c", ENTER, "container"]).arg(&self.root);
        command.arg(self.data.as_deref().unwrap_or(Path::new("-")));
        command.args([&self.image.volume, &self.image.user, &self.image.folder]).arg(binary::reward_ledger());
        command.args(words).env_clear().env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin").envs(&self.environment);
        command.stdin(Stdio::null()).stdout(file.try_clone().unwrap()).stderr(file);
        Running { child: spawn(command), log }
    }
}

impl Drop for Container {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.root).ok();
    }
}

impl Running {
    /// The first process of the container, as the machine numbers it, while it runs.
    fn running(&self) -> Option<i32> {
        let outer = self.child.id();
        let children = fs::read_to_string(format!("/proc/{outer}/task/{outer}/children")).ok()?;
        children.split(' ').next()?.parse().ok()
    }

    /// The same.
    pub(crate) fn first(&self) -> i32 {
        self.running().unwrap_or_else(|| panic!("it has ended:\n{}", self.said()))
    }

    /// Sends a signal to the first process.
    pub(crate) fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(self.first()), signal).unwrap();
    }

    /// Waits for its end.
    pub(crate) fn ended(mut self) -> Ended {
        let status = wait(&mut self.child, PATIENCE).unwrap_or_else(|| panic!("it goes on:\n{}", self.said()));
        Ended { code: status.code(), said: self.said() }
    }

    /// What it has said.
    pub(crate) fn said(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // it has changed its user, which made it forget that it ends with its parent
        if let Some(first) = self.running() {
            kill(Pid::from_raw(first), Signal::SIGKILL).ok();
        }
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

fn with_port(address: &str, port: u16) -> String {
    format!("{}:{port}", address.rsplit_once(':').unwrap().0)
}

fn owned(folder: &Path, user: &str) {
    let (user, group) = user.split_once(':').expect("USER names user and group by number");
    chown(folder, Some(user.parse().unwrap()), Some(group.parse().unwrap())).unwrap();
}

/// The libraries that the program links to, certificates, time zones, and the places of what is mounted.
fn assemble(root: &Path, image: &Image) {
    for place in ["proc", "dev", "run/secrets", "usr/local/bin", "etc/ssl/certs", "usr/share", &image.volume[1..]] {
        fs::create_dir_all(root.join(place)).unwrap();
    }
    for file in ["dev/null", "dev/zero", "dev/urandom", "dev/random", "usr/local/bin/reward-ledger"] {
        File::create(root.join(file)).unwrap();
    }
    let linked = Command::new("ldd").arg(binary::reward_ledger()).output().unwrap();
    let linked = String::from_utf8(linked.stdout).unwrap();
    let libraries = linked.split_whitespace().filter(|word| word.starts_with('/'));
    for file in libraries.chain(["/etc/ssl/certs/ca-certificates.crt"]).filter(|file| Path::new(file).exists()) {
        let inside = root.join(&file[1..]);
        fs::create_dir_all(inside.parent().unwrap()).unwrap();
        fs::copy(file, inside).unwrap();
    }
    if Path::new("/usr/share/zoneinfo").exists() {
        let copied = Command::new("cp").args(["-r", "/usr/share/zoneinfo"]).arg(root.join("usr/share")).status();
        assert!(copied.unwrap().success());
    }
}
