//! The examples run, and come to the same bits as their twins in TypeScript (`test/facade/examples.test.ts`).

use std::path::PathBuf;
use std::process::Command;

/// `cargo test` builds the examples beside the folder of the test programs; `scripts/test.mjs` builds these before it.
fn run(example: &str) -> String {
    let test_program = std::env::current_exe().expect("a test program has a path");
    let profile: PathBuf = test_program.ancestors().nth(2).expect("target/<profile>/deps/<test>").into();
    let program = profile.join("examples").join(example).with_extension(std::env::consts::EXE_EXTENSION);
    let output = Command::new(&program).output().expect("cargo test builds the examples");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("the example writes text")
}

#[test]
fn reweight() {
    let output = run("reweight");
    assert!(output.starts_with("converged: The answer is proven"), "{output}");
    assert!(output.contains("digest 0c64ed8d12adce05\n"), "{output}");
}

#[test]
fn forms() {
    let output = run("forms");
    for line in [
        "bands: converged, digest 305e5db080c30333",
        "linear: converged, digest f7855b98ea33d015",
        "truncated: converged, digest f7855b98ea33d015",
        "raking: converged, digest 8c5a3b3bbb28bddd",
        "logit: converged, digest f14bf0a681c26c6d",
        "sinh: converged, digest 3e55f39cb1622e1b",
    ] {
        assert!(output.lines().any(|l| l == line), "{line}: {output}");
    }
}
