//! What SECURITY.md promises, tried from outside: a script attacks the built program and prints what each attack gets.
//! What a single attack does stands in `tests/attacks`; this only runs them and shows the table.

use std::path::Path;
use std::process::Command;

use tests::support::binary;

#[tokio::test(flavor = "multi_thread")]
async fn every_attack_gets_what_is_promised() {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("attacks/run.py");
    let attacked = tokio::task::spawn_blocking(move || {
        Command::new("python3").env("PYTHONDONTWRITEBYTECODE", "1").arg(script).arg(binary::reward_ledger()).output()
    });
    let output = attacked.await.unwrap().unwrap();
    let table = [output.stdout, output.stderr].map(|text| String::from_utf8_lossy(&text).into_owned()).join("\n");
    println!("{table}");
    assert!(output.status.success(), "{table}");
}
