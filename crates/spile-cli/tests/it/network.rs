//! The way to the API: proxies of the environment, and TLS with an authority of one's own.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};

use serde_json::json;

use crate::harness::{Place, Reply, Server, python, repository};

/// A server that speaks TLS, and a proxy that leads to it for those who give the password; it writes a line for each who
/// asks. `testdata/tls` has the server's certificate for `localhost` and the authority that signed it.
const TLS_SERVER: &str = r#"
import http.server, socket, ssl, sys, threading
class Api(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = b'[{"id": 1}]'
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *_): pass
class Proxy(http.server.BaseHTTPRequestHandler):
    def do_CONNECT(self):
        allowed = self.headers["proxy-authorization"] == "Basic dXNlcjpwQHNzLWNhbmFyeQ=="
        print(self.path, "allowed" if allowed else "refused", flush=True)
        if not allowed:
            self.send_error(407)
            return
        self.send_response(200)
        self.end_headers()
        far = socket.create_connection(server.server_address)
        def pump(source, target):
            while data := source.recv(65536):
                target.sendall(data)
            target.close()
        threading.Thread(target=pump, args=(far, self.connection), daemon=True).start()
        pump(self.connection, far)
    def log_message(self, *_): pass
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Api)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(sys.argv[1])
server.socket = context.wrap_socket(server.socket, server_side=True)
proxy = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Proxy)
threading.Thread(target=proxy.serve_forever, daemon=True).start()
print(server.server_address[1], proxy.server_address[1], flush=True)
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
    config_with(place, base_url, "");
}

fn config_with(place: &Place, base_url: &str, more: &str) {
    let text = format!(
        "client:\n  base_url: {base_url}\n  retry: {{max_retries: 0}}\n{more}resources: [{{name: items, endpoint: \
         {{paginator: single_page}}}}]\n"
    );
    place.write("far.yaml", &text);
}

/// Starts the server and its proxy; returns their ports and what the proxy writes.
fn tls_server() -> (Process, [String; 2], BufReader<ChildStdout>) {
    let mut command = Command::new(python());
    command.args(["-c", TLS_SERVER]).arg(repository().join("testdata/tls/server.pem")).stdout(Stdio::piped());
    let mut server = Process(command.stderr(Stdio::null()).spawn().unwrap());
    let mut lines = BufReader::new(server.0.stdout.take().unwrap());
    let ports = line(&mut lines);
    let (api, proxy) = ports.split_once(' ').unwrap();
    (server, [api.to_owned(), proxy.to_owned()], lines)
}

fn line(lines: &mut BufReader<ChildStdout>) -> String {
    let mut line = String::new();
    lines.read_line(&mut line).unwrap();
    line.trim().to_owned()
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
fn the_proxy_of_the_config_is_asked_instead() {
    let proxy = Server::start(|_| Reply::json(json!([{"id": 1}])));
    let address = proxy.url("").replace("http://", "");
    for (more, variables, is_asked) in [
        (
            format!("  proxy: http://user:p%40ss-canary@{address}\n"),
            &[("http_proxy", "http://127.0.0.1:9")][..],
            true,
        ),
        (format!("  proxy: http://{address}\n"), &[("no_proxy", "example.com,.example.invalid")], false),
        ("  proxy: ''\n".to_owned(), &[("http_proxy", &*proxy.url("/"))], false),
    ] {
        let mut place = Place::new();
        for (name, value) in variables {
            place = place.variable(name, value);
        }
        config_with(&place, "http://api.example.invalid/v1", &more);
        let outcome = place.run(&["run", "far.yaml"]).expect(i32::from(!is_asked));
        let asked = proxy.take();
        assert_eq!(asked.len(), usize::from(is_asked), "{more} {}", outcome.stderr);
        if is_asked {
            assert_eq!(asked[0].header("host"), Some("api.example.invalid"));
            let password = asked[0].header("proxy-authorization");
            assert_eq!(password, Some("Basic dXNlcjpwQHNzLWNhbmFyeQ=="), "{more}");
        }
    }
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

/// Through a proxy that asks for a password to a server that an own authority vouches for.
#[test]
fn a_tunnel_is_opened_with_the_password_which_is_shown_nowhere() {
    let (_server, [api, proxy], mut lines) = tls_server();
    let bundle = repository().join("testdata/tls/authority.pem");
    for (user, verdict, status) in
        [("user:p%40ss-canary@", "allowed", 0), ("user:wr0ng-canary@", "refused", 1), ("", "refused", 1)]
    {
        let place = Place::new();
        let more = format!("  proxy: http://{user}127.0.0.1:{proxy}\n  ca_bundle: {}\n", bundle.display());
        config_with(&place, &format!("https://localhost:{api}"), &more);
        let outcome = place.run(&["run", "far.yaml"]).expect(status);
        assert_eq!(line(&mut lines), format!("localhost:{api} {verdict}"));
        assert!(
            status == 0 || outcome.stderr.contains("cannot be reached through the proxy"),
            "{}",
            outcome.stderr
        );
        for file in files(&place.path(".spile")) {
            let bytes = std::fs::read(&file).unwrap();
            assert!(!String::from_utf8_lossy(&bytes).contains("canary"), "{}", file.display());
        }
        assert!(
            !outcome.stdout.contains("canary") && !outcome.stderr.contains("canary"),
            "{}",
            outcome.stderr
        );
    }
}

#[test]
fn an_authority_of_ones_own_is_trusted_when_it_is_named() {
    let (_server, [api, _], _) = tls_server();
    let authority = repository().join("testdata/tls/authority.pem");
    let authority = authority.to_str().unwrap();
    let stranger = repository().join("testdata/tls/server.pem");
    for (variable, bundle, status) in [
        (None, None, 1),
        (Some("SSL_CERT_FILE"), None, 0),
        (Some("REQUESTS_CA_BUNDLE"), None, 0),
        (Some("CURL_CA_BUNDLE"), None, 0),
        (None, Some(authority), 0),
        // The config's bundle is the only one that counts.
        (Some("REQUESTS_CA_BUNDLE"), Some("other.pem"), 1),
    ] {
        let mut place = Place::new();
        std::fs::copy(&stranger, place.path("other.pem")).unwrap();
        if let Some(variable) = variable {
            place = place.variable(variable, authority);
        }
        let more = bundle.map_or_else(String::new, |bundle| format!("  ca_bundle: {bundle}\n"));
        config_with(&place, &format!("https://localhost:{api}"), &more);
        let outcome = place.run(&["run", "far.yaml"]).expect(status);
        // Without any authority on the machine there is no client at all, which is named too.
        assert_eq!(outcome.stderr.contains("source/"), status == 1, "{}", outcome.stderr);
    }
}

#[test]
fn what_cannot_be_used_is_said_before_anything_is_sent() {
    for (more, variable, message) in [
        ("  ca_bundle: nowhere.pem\n", None, "ca_bundle `nowhere.pem` cannot be read: No such file"),
        ("  ca_bundle: far.yaml\n", None, "ca_bundle `far.yaml` holds no certificates in PEM form"),
        ("", Some("REQUESTS_CA_BUNDLE"), "REQUESTS_CA_BUNDLE names `/nowhere.pem`, which cannot be read"),
        ("  proxy: 'socks5://127.0.0.1:1'\n", None, "a proxy of the kind `socks5` cannot be used"),
        ("  proxy: '127.0.0.1:1'\n", None, "proxy is not a URL"),
        ("  proxy: 'not a proxy'\n", None, "proxy is not a URL"),
        ("  verify: false\n", None, "Certificates are always checked"),
    ] {
        let mut place = Place::new();
        if let Some(variable) = variable {
            place = place.variable(variable, "/nowhere.pem");
        }
        config_with(&place, "https://api.example.invalid", more);
        let outcome = place.run(&["check", "far.yaml"]).expect(2);
        assert!(outcome.stderr.contains(message), "{more}: {}", outcome.stderr);
        assert!(outcome.stderr.contains("far.yaml:"), "{}", outcome.stderr);
    }
}
