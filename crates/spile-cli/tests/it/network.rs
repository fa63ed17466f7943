//! The way to the API: proxies of the environment, and TLS with an authority of one's own.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use serde_json::json;

use crate::harness::{Place, Reply, Server, python, repository};

/// A server that speaks TLS; `testdata/tls` has its certificate for `localhost` and the authority that signed it.
const TLS_SERVER: &str = r#"
import http.server, ssl, sys
class Api(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = b'[{"id": 1}]'
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *_): pass
server = http.server.HTTPServer(("127.0.0.1", 0), Api)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(sys.argv[1])
server.socket = context.wrap_socket(server.socket, server_side=True)
print(server.server_address[1], flush=True)
server.serve_forever()
"#;

/// A process that ends with the test.
struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

fn config(place: &Place, base_url: &str) {
    let text = format!(
        "client: {{base_url: '{base_url}', retry: {{max_retries: 0}}}}\nresources: [{{name: items, endpoint: {{paginator: \
         single_page}}}}]\n"
    );
    place.write("far.yaml", &text);
}

#[test]
fn the_proxy_of_the_environment_is_asked() {
    let proxy = Server::start(|_| Reply::json(json!([{"id": 1}])));
    let place = Place::new().variable("http_proxy", &proxy.url("/"));
    config(&place, "http://api.example.invalid/v1");
    place.run(&["run", "far.yaml"]).expect(0);
    let asked = proxy.take();
    assert_eq!(asked.len(), 1);
    assert_eq!((asked[0].header("host"), &*asked[0].path), (Some("api.example.invalid"), "/v1/items"));
    let place = place.variable("no_proxy", "api.example.invalid");
    let outcome = place.run(&["run", "far.yaml"]).expect(1);
    assert!(outcome.stderr.contains("source/unreachable"), "{}", outcome.stderr);
    assert_eq!(proxy.count(), 0);
}

#[test]
fn an_authority_of_ones_own_is_trusted_when_it_is_named() {
    let certificates = repository().join("testdata/tls");
    let mut command = Command::new(python());
    command.args(["-c", TLS_SERVER]).arg(certificates.join("server.pem")).stdout(Stdio::piped());
    let mut server = Process(command.stderr(Stdio::null()).spawn().unwrap());
    let mut port = String::new();
    BufReader::new(server.0.stdout.take().unwrap()).read_line(&mut port).unwrap();
    for (authority, status) in [(None, 1), (Some(certificates.join("authority.pem")), 0)] {
        let place = Place::new();
        config(&place, &format!("https://localhost:{}", port.trim()));
        let place = match &authority {
            Some(file) => place.variable("SSL_CERT_FILE", file.to_str().unwrap()),
            None => place,
        };
        let outcome = place.run(&["run", "far.yaml"]).expect(status);
        // Without any authority on the machine there is no client at all, which is named too.
        assert_eq!(outcome.stderr.contains("source/"), authority.is_none(), "{}", outcome.stderr);
    }
}
