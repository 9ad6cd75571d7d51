//! The image serves: as its user, on a read-only root, with a secret from a file, watched by its own health check.

use std::{fs, process::Command, time::Instant};

use nix::sys::signal::Signal;
use serde_json::Value;
use tests::support::{Cluster, Database, binary, folder};

use super::{
    container::{Container, PATIENCE},
    dockerfile::Image,
};

/// The programs that a shell would be.
const SHELLS: [&str; 4] = ["bin/sh", "bin/bash", "usr/bin/env", "busybox"];

#[tokio::test(flavor = "multi_thread")]
#[cfg_attr(not(may_chroot), ignore = "this user may not make mounts and process ids of its own")]
async fn the_image_serves_as_its_user_on_a_root_that_nobody_can_write_to() {
    let database = Database::fresh().await;
    let container = Container::new().on(&database.url);
    let away = container.health();
    assert_eq!(away.code, Some(1), "{away:?}");
    assert!(away.said.contains("error: no service answers at 127.0.0.1:"), "{away:?}");
    let mut running = container.start(&[]);
    container.well(&mut running);

    let status = fs::read_to_string(format!("/proc/{}/status", running.first())).unwrap();
    let line = |name: &str| status.lines().find_map(|line| line.strip_prefix(name)).unwrap().trim().to_owned();
    let (user, group) = container.user().split_once(':').unwrap();
    assert!(line("Uid:").split_whitespace().all(|id| id == user), "{status}");
    assert!(line("Gid:").split_whitespace().all(|id| id == group), "{status}");
    assert_eq!((line("CapEff:").as_str(), line("NoNewPrivs:").as_str()), ("0000000000000000", "1"));
    let mounts = fs::read_to_string(format!("/proc/{}/mountinfo", running.first())).unwrap();
    let root = mounts.lines().rfind(|line| line.split(' ').nth(4) == Some("/"));
    if let Some(root) = root {
        assert!(root.split(' ').nth(5).unwrap().starts_with("ro"), "{root}");
    }
    let made: Vec<String> = fs::read_dir(container.volume())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    assert!(made.iter().any(|name| name == "token.keys"), "keys are in the volume: {made:?}");

    let live = reqwest::get(format!("http://127.0.0.1:{}/health/live", container.port)).await.unwrap();
    let live: Value = live.error_for_status().unwrap().json().await.unwrap();
    assert_eq!(live["status"], "live");
    let version = Command::new(binary::reward_ledger()).arg("--version").output().unwrap();
    let version = String::from_utf8(version.stdout).unwrap();
    let told = live["version"].as_str().unwrap();
    assert!(version.starts_with(&format!("reward-ledger {told}")), "{version} is not {told}");
    let figures = reqwest::get(format!("{}/metrics", container.metrics())).await.unwrap().text().await.unwrap();
    let build = figures.lines().find(|line| line.starts_with("ledger_build_info{")).expect("ledger_build_info");
    assert!(build.contains(&format!("version=\"{told}\"")) && build.ends_with(" 1"), "{build}");

    let live = container.run(&["health", "--live"]);
    assert!(live.code == Some(0) && live.said.contains("\"status\":\"live\""), "{live:?}");
    running.signal(Signal::SIGTERM);
    let ended = running.ended();
    assert_eq!(ended.code, Some(0), "{}", ended.said);
}

#[tokio::test(flavor = "multi_thread")]
#[cfg_attr(not(may_chroot), ignore = "this user may not make mounts and process ids of its own")]
async fn the_health_check_says_why_a_service_is_not_well() {
    let cluster = Cluster::launch().await;
    let database = cluster.database().await;
    let container = Container::new().on(&database.url);
    let mut running = container.start(&[]);
    container.well(&mut running);
    cluster.stop();
    // an answer of the database is believed for a moment
    let (stopped, mut unwell) = (Instant::now(), container.health());
    while unwell.code == Some(0) && stopped.elapsed() < PATIENCE {
        unwell = container.health();
    }
    assert!(unwell.code == Some(1) && unwell.said.contains("answered 503"), "{unwell:?}");
    let live = container.run(&["health", "--live"]);
    assert_eq!(live.code, Some(0), "{live:?}");
    let unnamed = Container::new().env("METRICS_LISTEN", "127.0.0.1:0").health();
    assert!(unnamed.code == Some(1) && unnamed.said.contains("METRICS_LISTEN has port 0"), "{unnamed:?}");
}

/// What an engine would find out only when it builds.
#[test]
fn the_dockerfile_copies_what_is_there_and_gives_nobody_root() {
    let image = Image::read();
    let here = folder::workspace();
    let ignored = fs::read_to_string(here.join(".dockerignore")).unwrap();
    for (_, rest) in image.instructions.iter().filter(|(name, rest)| name == "COPY" && !rest.contains("--from")) {
        let mut sources: Vec<&str> = rest.split(' ').collect();
        sources.pop();
        for source in sources {
            assert!(here.join(source).exists(), "COPY {rest}: there is no {source}");
            let allowed = ignored.lines().filter_map(|line| line.strip_prefix('!'));
            let is_sent = allowed.clone().any(|path| source == path || source.starts_with(&format!("{path}/")));
            assert!(is_sent, ".dockerignore keeps {source} away from the build");
        }
    }
    let (user, group) = image.user.split_once(':').unwrap();
    assert!(user.parse::<u32>().unwrap() > 0 && group.parse::<u32>().unwrap() > 0);
    assert_eq!(image.stop, "SIGTERM");
    assert_eq!(image.environment["DATA_DIR"], image.volume);
    let ports = ["LISTEN", "METRICS_LISTEN"].map(|name| image.environment[name].rsplit(':').next().unwrap().to_owned());
    assert_eq!(image.ports.iter().map(u16::to_string).collect::<Vec<_>>(), ports);
    let inside = image.copied.iter().map(|(_, to)| to.as_str()).collect::<Vec<_>>();
    assert_eq!(inside, [image.entrypoint[0].as_str(), &image.volume], "nothing else is added");
    assert!(SHELLS.iter().all(|shell| !inside.iter().any(|path| path.ends_with(shell))));
    for program in [&image.entrypoint, &image.health] {
        assert_eq!(program[0], image.entrypoint[0], "there is no other program in the image");
    }
}

/// The first build of the image compiles the dependencies of the manifests alone: the lock file fits them.
#[test]
fn the_layer_of_dependencies_is_made_from_the_manifests() {
    let (image, root) = (Image::read(), folder::fresh("manifests"));
    let stubs = image.instructions.iter().position(|(name, _)| name == "RUN").unwrap();
    for (_, rest) in image.instructions[..stubs].iter().filter(|(name, _)| name == "COPY") {
        let words: Vec<&str> = rest.split(' ').collect();
        let (to, from) = words.split_last().unwrap();
        fs::create_dir_all(root.join(to)).unwrap();
        for file in from {
            let name = file.rsplit('/').next().unwrap();
            fs::copy(folder::workspace().join(file), root.join(to).join(name)).unwrap();
        }
    }
    let (_, script) = &image.instructions[stubs];
    let script = script
        .replace("cargo build --release", "cargo metadata --offline --format-version 1")
        .replace(" -p api", " >/dev/null");
    let made = Command::new("sh").args(["-ec", &script]).current_dir(&root).output().unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    fs::remove_dir_all(root).ok();
}
