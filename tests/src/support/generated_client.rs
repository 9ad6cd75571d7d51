//! A client in another language, made of the API document alone by openapi-generator: fetched once into `target/client`,
//! and generated and compiled once for each version of the document. What it does is `tests/client/MainJob.java`.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use sha2::{Digest, Sha256};

use super::{maven, process::must_succeed};

const MAIN: &str = include_str!("../../client/MainJob.java");
const WANTED: &str = include_str!("../../client/pom.xml");
/// A list that may be left out is sent as such, and not as an empty one.
const OPTIONS: &str = "hideGenerationTimestamp=true,openApiNullable=false,containerDefaultToNull=true";
const PARTS: &str = "apis,models,supportingFiles,apiTests=false,modelTests=false,apiDocs=false,modelDocs=false";
/// The JVM runs for seconds only.
const SHORT_LIVED: &str = "-XX:TieredStopAtLevel=1";

/// A compiled client.
pub struct GeneratedClient {
    class_path: String,
}

impl GeneratedClient {
    /// The client of this document. The document must leave a generator nothing to warn about that it would leave out.
    pub fn of(document: &[u8]) -> GeneratedClient {
        let (home, _lock) = maven::locked_home("client");
        maven::fetch(&home, WANTED, true);
        let libraries = home.join("lib/compile").join("*").display().to_string();
        let digest = Sha256::new().chain_update(document).chain_update(MAIN).chain_update(WANTED).chain_update(OPTIONS);
        let digest = hex::encode(digest.finalize());
        let classes = home.join("classes");
        let class_path = format!("{libraries}:{}", classes.display());
        let stamp = home.join("generated");
        if !fs::read_to_string(&stamp).is_ok_and(|generated| generated == digest) {
            fs::remove_file(&stamp).ok();
            fs::write(home.join("openapi.json"), document).expect("the document as a file");
            generate(&home);
            compile(&home, &libraries, &classes);
            fs::write(stamp, digest).expect("a note of what was generated");
        }
        GeneratedClient { class_path }
    }

    /// Does the main job against a running service.
    pub fn do_the_main_job(&self, url: &str) -> Output {
        let mut java = Command::new("java");
        java.args([SHORT_LIVED, "-cp", &self.class_path, "MainJob", url]);
        java.output().unwrap_or_else(|error| panic!("java cannot be started: {error}. {}", maven::REMEDY))
    }
}

fn generate(home: &Path) {
    let generator = only_file(&home.join("lib/provided"));
    fs::remove_dir_all(home.join("source")).ok();
    let mut java = Command::new("java");
    java.current_dir(home).args([SHORT_LIVED, "-jar"]).arg(generator);
    java.args(["generate", "-i", "openapi.json", "-g", "java", "--library", "native", "-o", "source"]);
    java.args(["--api-package", "ledger.api", "--model-package", "ledger.model", "--invoker-package", "ledger"]);
    java.args(["--global-property", PARTS, "--additional-properties", OPTIONS]);
    must_succeed(java, "generating a client of the API document", maven::REMEDY);
}

fn compile(home: &Path, libraries: &str, classes: &Path) {
    fs::remove_dir_all(classes).ok();
    fs::create_dir_all(classes).expect("a folder for the classes");
    let main = home.join("MainJob.java");
    fs::write(&main, MAIN).expect("the main job as a file");
    let mut sources = vec![main];
    collect(&home.join("source/src/main/java"), &mut sources);
    let list: String = sources.iter().map(|source| format!("\"{}\"\n", source.display())).collect();
    fs::write(home.join("sources"), list).expect("the list of what to compile");
    let mut javac = Command::new("javac");
    javac
        .current_dir(home)
        .args([&format!("-J{SHORT_LIVED}"), "-nowarn", "-cp", libraries, "-d"])
        .arg(classes)
        .arg("@sources");
    must_succeed(javac, "compiling the generated client", maven::REMEDY);
}

fn collect(folder: &Path, sources: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("generated sources") {
        let path = entry.expect("a generated file").path();
        if path.is_dir() {
            collect(&path, sources);
        } else if path.extension().is_some_and(|extension| extension == "java") {
            sources.push(path);
        }
    }
}

fn only_file(folder: &Path) -> PathBuf {
    let mut files = fs::read_dir(folder).expect("what was fetched");
    files.next().expect("the generator").expect("its jar").path()
}
