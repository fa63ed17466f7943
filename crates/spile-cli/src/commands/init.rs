//! `spile init`: a commented config to start from.

use std::io::Write;

use spile::{Error, ErrorKind};

use super::{DONE, FAILED};
use crate::args::InitArgs;
use crate::render;

const STARTER: &str = r#"# A REST API as tables. Try it: spile check FILE, spile explain FILE, spile run FILE.
client:
  base_url: https://pokeapi.co/api/v2/
  # auth: {type: bearer, token: "${secrets.api_token}"}   # API_TOKEN, or .dlt/secrets.toml
  # paginator: {type: json_link, next_url_path: next}     # left out: found on the first page

resource_defaults:
  primary_key: name
  write_disposition: merge        # append, replace or merge

resources:
  - name: pokemon
    endpoint:
      path: pokemon
      params: {limit: 1000}
      data_selector: results
      # incremental: {cursor_path: updated_at, start_param: since, initial_value: "2024-01-01"}
  - name: berry
    endpoint:
      path: berry
      params: {limit: 1000}
      data_selector: results
"#;

pub(crate) fn execute(args: &InitArgs) -> u8 {
    let file = args.file.display();
    // A file that is there is somebody's work.
    let made = std::fs::File::options().write(true).create_new(true).open(&args.file);
    match made.and_then(|mut opened| opened.write_all(STARTER.replace("FILE", &file.to_string()).as_bytes()))
    {
        Ok(()) => {
            render::print_talk(&format!("wrote {file}; next: spile check {file}\n"));
            DONE
        }
        Err(error) => {
            let error = Error::new(ErrorKind::State, "cli/write", format!("could not write {file}"))
                .hint("Choose a file that does not exist, in a folder that does; the name ends in .yaml.")
                .source_error(error);
            render::error::print(&error);
            FAILED
        }
    }
}
