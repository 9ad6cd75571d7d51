//! Children that end with the test process, also when that is killed and no destructor runs.
//!
//! The kernel sends the "parent death signal" when the THREAD that started a child ends, and a test's thread ends with
//! its test. So every child is started by one thread that lives as long as the process.

use std::{
    ffi::OsStr,
    io,
    net::TcpListener,
    process::{Child, Command, ExitStatus},
    sync::{LazyLock, mpsc},
    thread,
    time::{Duration, Instant},
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};

type Order = (Command, mpsc::Sender<io::Result<Child>>);

static KEEPER: LazyLock<mpsc::Sender<Order>> = LazyLock::new(|| {
    let (orders, inbox) = mpsc::channel::<Order>();
    thread::Builder::new()
        .name("keeper".into())
        .spawn(move || {
            for (mut command, reply) in inbox {
                reply.send(command.spawn()).ok();
            }
        })
        .expect("a thread for the children");
    orders
});

/// A command whose process gets `signal` when this process ends. Start it with [`spawn`].
pub fn kept(signal: &str, program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", signal, "--"]).arg(program);
    command
}

/// Starts a command made by [`kept`].
pub fn spawn(command: Command) -> Child {
    let (reply, child) = mpsc::channel();
    KEEPER.send((command, reply)).expect("the keeper lives as long as the process");
    match child.recv().expect("the keeper answers") {
        Ok(child) => child,
        Err(error) => {
            panic!("cannot start a child through `setpriv` (Debian package util-linux): {error}")
        }
    }
}

/// Sends a signal to a child that has not been waited for.
pub fn signal(child: &Child, signal: Signal) {
    let pid = i32::try_from(child.id()).expect("a process id");
    kill(Pid::from_raw(pid), signal).ok();
}

/// Waits for a child to end, up to a bound.
pub fn wait(child: &mut Child, bound: Duration) -> Option<ExitStatus> {
    let started = Instant::now();
    loop {
        if let Some(status) = child.try_wait().expect("a child can be waited for") {
            return Some(status);
        }
        if started.elapsed() > bound {
            return None;
        }
        thread::sleep(Duration::from_millis(10));
    }
}

/// A port that nobody listens on, below the range from which the kernel takes the ports of clients: there a server that
/// is stopped for a while could lose its port to a client, or a client could connect to itself.
pub fn free_port() -> u16 {
    loop {
        let [high, low, ..] = *uuid::Uuid::new_v4().as_bytes();
        let port = 12_000 + u16::from_be_bytes([high, low]) % 20_000;
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}

/// Fails with the output of a command that did not succeed.
pub fn must_succeed(mut command: Command, what: &str, remedy: &str) {
    match command.output() {
        Ok(output) if output.status.success() => {}
        Ok(output) => panic!(
            "{what} failed ({}). {remedy}\n{}{}",
            output.status,
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr),
        ),
        Err(error) => panic!("{what} cannot be started: {error}. {remedy}"),
    }
}
