//! Packs DuckDB's library into the crate when the feature `embed-duckdb` asks for it.
//!
//! The folder named by `SPILE_DUCKDB_EMBED` holds the libraries of the target system. Without the feature this does
//! nothing.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed=SPILE_DUCKDB_EMBED");
    #[cfg(feature = "embed-duckdb")]
    if let Err(error) = embed::pack() {
        println!("cargo::error=the feature embed-duckdb failed: {error}");
    }
}

#[cfg(feature = "embed-duckdb")]
mod embed {
    use std::error::Error;
    use std::fmt::Write as _;
    use std::path::{Path, PathBuf};
    use std::{env, fs};

    use sha3::{Digest as _, Sha3_256};

    /// High enough to halve the program, low enough to take seconds.
    const COMPRESSION_LEVEL: i32 = 15;

    pub(super) fn pack() -> Result<(), Box<dyn Error>> {
        let folder = env::var_os("SPILE_DUCKDB_EMBED")
            .ok_or("set SPILE_DUCKDB_EMBED to the folder with DuckDB's shared library")?;
        let output = PathBuf::from(env::var_os("OUT_DIR").ok_or("OUT_DIR is not set")?);
        println!("cargo::rerun-if-changed={}", Path::new(&folder).display());
        let mut hasher = Sha3_256::new();
        let mut entries = String::new();
        for library in libraries(Path::new(&folder))? {
            let name = library.file_name().and_then(|name| name.to_str()).ok_or("a name is not UTF-8")?;
            let bytes = fs::read(&library)?;
            hasher.update(name.as_bytes());
            hasher.update(&bytes);
            let packed = output.join(format!("{name}.zst"));
            fs::write(&packed, zstd::bulk::compress(&bytes, COMPRESSION_LEVEL)?)?;
            let path = packed.to_str().ok_or("a path is not UTF-8")?;
            writeln!(entries, "    ({name:?}, include_bytes!({path:?})),")?;
        }
        let digest = hasher.finalize();
        let hash =
            format!("{:016x}", digest.iter().take(8).fold(0_u64, |hash, byte| hash << 8 | u64::from(*byte)));
        let source = format!(
            "/// Hash over names and contents.\nconst HASH: &str = {hash:?};\n\
             /// File names and compressed contents.\nstatic FILES: &[(&str, &[u8])] = &[\n{entries}];\n"
        );
        fs::write(output.join("embedded_duckdb.rs"), source)?;
        Ok(())
    }

    fn libraries(folder: &Path) -> Result<Vec<PathBuf>, Box<dyn Error>> {
        let mut found = Vec::new();
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            if path
                .extension()
                .is_some_and(|extension| ["so", "dylib", "dll"].iter().any(|known| extension == *known))
            {
                found.push(path);
            }
        }
        found.sort();
        if found.is_empty() {
            return Err(format!("no shared library in {}", folder.display()).into());
        }
        Ok(found)
    }
}
