//! The inputs that a fuzzer once stumbled over, and the seeds of its targets, through the targets themselves.
//!
//! `scripts/fuzz` finds new ones; a file in `testdata/fuzz/TARGET` is run here on every `cargo test`.

#[path = "../../../fuzz/targets.rs"]
mod targets;

use std::path::Path;

#[test]
fn kept_inputs_find_nothing() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata/fuzz");
    let mut count = 0;
    for (name, target) in targets::TARGETS {
        target(b"");
        let inputs = folder.join(name).read_dir().into_iter().flatten();
        for input in inputs {
            let path = input.expect("the folder can be read").path();
            target(&std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display())));
            count += 1;
        }
    }
    assert!(count >= 15, "{count} inputs");
}

#[test]
fn every_target_has_a_program() {
    let manifest =
        std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/Cargo.toml"));
    let manifest = manifest.expect("the fuzz targets are in the repository");
    for (name, _) in targets::TARGETS {
        assert!(manifest.contains(&format!("name = \"{name}\"")), "fuzz/Cargo.toml lacks {name}");
    }
}
