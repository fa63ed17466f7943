//! Requests over HTTP: one attempt, redirects followed here and not by the client library, because credentials are
//! decided anew for every hop.
//!
//! Bodies are decoded (gzip, brotli, zstd) and read to the end, up to the limit of the plan.

use std::sync::OnceLock;
use std::time::{Duration, SystemTime};

use reqwest::header::{COOKIE, HeaderMap, HeaderName, HeaderValue};
use spile_core::{
    ClientPlan, Credential, CredentialPlace, Error, ErrorKind, Limits, Method, NetworkPlan, ProxyPlan, Result,
};
use url::{Origin, Url};

use super::gate::Gate;
use super::redirect::{is_trusted, next_hop};
use super::{BoxFuture, OutgoingRequest, Response, TokenStore, Transport};

/// Memory that is reserved on a server's word alone.
const RESERVED_BYTES_MAX: usize = 8 << 20;

/// The transport of real runs. Connections are reused.
#[derive(Debug)]
pub struct HttpTransport {
    /// For `http`: it needs no certificates, which take time to read and may not be there.
    plain: reqwest::Client,
    /// For `https`, made when it is first needed.
    secure: OnceLock<reqwest::Client>,
    timeout: Duration,
    network: NetworkPlan,
    trusted_origins: Vec<Origin>,
    client_headers: Vec<Credential>,
    redirects_max: u32,
    body_bytes_max: usize,
    gate: Gate,
    total_timeout: Option<Duration>,
    tokens: TokenStore,
}

impl HttpTransport {
    /// Makes a transport; nothing is sent yet.
    pub fn new(client: &ClientPlan, limits: &Limits) -> Result<Self> {
        // A timeout that is no duration, such as infinity, means none that could be waited for.
        let timeout = Duration::try_from_secs_f64(client.retry.timeout_seconds)
            .ok()
            .filter(|timeout| !timeout.is_zero())
            .unwrap_or(Duration::from_mins(1));
        let network = &client.network;
        // A proxy may itself be reached by https.
        let proxy_is_secure = matches!(&network.proxy, ProxyPlan::Url(url) if url.expose().to_ascii_lowercase().starts_with("https:"));
        let plain = builder(timeout, network)?;
        let plain = if proxy_is_secure { certified(plain, network)? } else { plain.tls_certs_only([]) };
        let plain = plain.build().map_err(|error| no_client(error, "the HTTP client cannot be made"))?;
        Ok(Self {
            plain,
            secure: OnceLock::new(),
            timeout,
            network: client.network.clone(),
            trusted_origins: client.trusted_origins.clone(),
            client_headers: client.headers.clone(),
            redirects_max: limits.redirects_max,
            body_bytes_max: limits.body_bytes_max,
            gate: Gate::new(client.manners, &client.retry),
            total_timeout: total_timeout(client),
            tokens: TokenStore::default(),
        })
    }

    fn client(&self, url: &Url) -> Result<&reqwest::Client> {
        if url.scheme() == "http" {
            return Ok(&self.plain);
        }
        if let Some(client) = self.secure.get() {
            return Ok(client);
        }
        let client = certified(builder(self.timeout, &self.network)?, &self.network)?
            .build()
            .map_err(|error| no_client(error, "no trusted certificates were found for https"))?;
        Ok(self.secure.get_or_init(|| client))
    }

    async fn follow(&self, request: &OutgoingRequest) -> Result<Response> {
        let mut method = request.method;
        let mut url = request.url.clone();
        let mut body = request.body.as_deref();
        let mut redirects = 0;
        loop {
            let trusted = match &request.only {
                Some(origin) => is_trusted(std::slice::from_ref(origin), &url),
                None => is_trusted(&self.trusted_origins, &url),
            };
            if body.is_some() && request.body_is_secret && !trusted {
                return Err(Error::new(
                    ErrorKind::Source,
                    "source/untrusted-target",
                    "the request body holds a secret, and the API sends it on to another host",
                )
                .hint("Name the host among the trusted ones if it may see the secret."));
            }
            let answer = self.attempt(request, method, &url, body, trusted).await?;
            let location = answer.headers().get("location").map(|location| location.as_bytes().to_vec());
            let location = location.as_deref().map(String::from_utf8_lossy);
            match next_hop(answer.status().as_u16(), method, &url, location.as_deref())? {
                None => {
                    let longest = request.body_bytes_max.unwrap_or(self.body_bytes_max);
                    let longest = longest.min(self.body_bytes_max);
                    return read(answer, url, redirects, longest, &self.network).await;
                }
                Some(_) if redirects >= u64::from(self.redirects_max) => {
                    let message = format!("the server redirects more than {} times", self.redirects_max);
                    return Err(Error::new(ErrorKind::Limit, "limit/redirects", message).hint(
                        "The API seems to redirect in a circle; check `base_url` and the credentials.",
                    ));
                }
                Some(hop) => {
                    redirects += 1;
                    body = body.filter(|_| hop.keeps_body);
                    method = hop.method;
                    url = hop.url;
                }
            }
        }
    }

    async fn attempt(
        &self,
        request: &OutgoingRequest,
        method: Method,
        url: &Url,
        body: Option<&[u8]>,
        trusted: bool,
    ) -> Result<reqwest::Response> {
        let mut headers = HeaderMap::new();
        let mut target = url.clone();
        // What is set by default comes first, so that the config can replace it.
        for (name, value) in &request.headers {
            if body.is_some() || name != "content-type" {
                set_header(&mut headers, name, value, false)?;
            }
        }
        if trusted {
            let of_client = self.client_headers.iter().filter(|_| request.only.is_none());
            for credential in of_client.chain(&request.credentials) {
                add_credential(credential, &mut headers, &mut target)?;
            }
        }
        let method = match method {
            Method::Get => reqwest::Method::GET,
            Method::Post => reqwest::Method::POST,
        };
        let mut builder = self.client(&target)?.request(method, target).headers(headers);
        if let Some(body) = body {
            builder = builder.body(body.to_vec());
        }
        builder.send().await.map_err(|error| failed(error, &self.network))
    }
}

impl Transport for HttpTransport {
    fn send<'a>(&'a self, request: &'a OutgoingRequest) -> BoxFuture<'a, Result<Response>> {
        Box::pin(async {
            let pass = self.gate.enter(&request.url).await;
            let response = match self.total_timeout {
                Some(longest) => tokio::time::timeout(longest, self.follow(request))
                    .await
                    .unwrap_or_else(|_| Err(too_slow(longest)))?,
                None => self.follow(request).await?,
            };
            pass.answered(&response);
            Ok(response)
        })
    }

    fn tokens(&self) -> &TokenStore {
        &self.tokens
    }
}

/// Reads an answer to its end.
async fn read(
    mut answer: reqwest::Response,
    url: Url,
    redirects: u64,
    body_bytes_max: usize,
    network: &NetworkPlan,
) -> Result<Response> {
    let received_at = SystemTime::now();
    let status = answer.status().as_u16();
    let headers = answer
        .headers()
        .iter()
        .map(|(name, value)| {
            (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned())
        })
        .collect();
    let announced = answer.content_length().and_then(|length| usize::try_from(length).ok()).unwrap_or(0);
    let mut body = Vec::with_capacity(announced.min(RESERVED_BYTES_MAX));
    while let Some(chunk) = answer.chunk().await.map_err(|error| failed(error, network))? {
        if body.len() + chunk.len() > body_bytes_max {
            let message = format!("the response body has more than {body_bytes_max} bytes");
            return Err(Error::new(ErrorKind::Limit, "limit/body-bytes", message)
                .hint("Ask the API for smaller pages, or raise the limit."));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Response { status, url, headers, body, redirects, received_at })
}

fn total_timeout(client: &ClientPlan) -> Option<Duration> {
    Duration::try_from_secs_f64(client.manners.total_timeout_seconds?)
        .ok()
        .filter(|longest| !longest.is_zero())
}

/// Names an answer that keeps coming, but too slowly for any read to time out.
fn too_slow(longest: Duration) -> Error {
    let message = format!("the whole answer did not come within {} seconds", longest.as_secs_f64());
    Error::new(ErrorKind::Unavailable, "source/too-slow", message)
        .hint("Raise `client.total_timeout`, or ask for smaller pages.")
}

fn builder(timeout: Duration, network: &NetworkPlan) -> Result<reqwest::ClientBuilder> {
    let builder = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .connect_timeout(timeout)
        .read_timeout(timeout)
        .user_agent(concat!("spile/", env!("CARGO_PKG_VERSION")));
    Ok(match &network.proxy {
        ProxyPlan::Environment => builder,
        ProxyPlan::Direct => builder.no_proxy(),
        ProxyPlan::Url(url) => {
            let proxy = reqwest::Proxy::all(url.expose()).map_err(|error| {
                // The library's error may show the URL, and with it a password.
                drop(error);
                Error::new(
                    ErrorKind::Config,
                    "config/invalid-proxy",
                    "the URL of `client.proxy` cannot be used",
                )
                .hint("Write http://proxy.example.com:3128.")
            })?;
            builder.proxy(proxy.no_proxy(reqwest::NoProxy::from_env()))
        }
    })
}

/// Sets who may vouch for servers: the authorities of the config, else the system's.
fn certified(builder: reqwest::ClientBuilder, network: &NetworkPlan) -> Result<reqwest::ClientBuilder> {
    let Some(authorities) = &network.authorities else { return Ok(builder) };
    let certificates = reqwest::Certificate::from_pem_bundle(authorities).map_err(|error| {
        Error::new(
            ErrorKind::Config,
            "config/invalid-ca-bundle",
            "the file of `client.ca_bundle` holds a certificate that cannot be read",
        )
        .source_error(error)
        .hint("Give a PEM file with the certificates of the authorities that you trust.")
    })?;
    Ok(builder.tls_certs_only(certificates))
}

fn add_credential(credential: &Credential, headers: &mut HeaderMap, target: &mut Url) -> Result<()> {
    let value = credential.value.expose();
    match credential.place {
        CredentialPlace::Header => set_header(headers, &credential.name, value, true),
        CredentialPlace::WithoutHeader => {
            headers.remove(credential.name.as_str());
            Ok(())
        }
        CredentialPlace::Query => {
            // A link often carries the key already; a second one would be an error for some APIs.
            if !target.query_pairs().any(|(name, _)| name == credential.name) {
                target.query_pairs_mut().append_pair(&credential.name, value);
            }
            Ok(())
        }
        CredentialPlace::Cookie => {
            let own = format!("{}={value}", credential.name);
            let before = headers.get(COOKIE).and_then(|cookies| cookies.to_str().ok());
            let cookies = before.map_or_else(|| own.clone(), |before| format!("{before}; {own}"));
            set_header(headers, COOKIE.as_str(), &cookies, true)
        }
    }
}

fn set_header(headers: &mut HeaderMap, name: &str, value: &str, sensitive: bool) -> Result<()> {
    let invalid = |part: &str| {
        Error::new(
            ErrorKind::Config,
            "config/invalid-header",
            format!("the {part} of header `{name}` is not allowed"),
        )
        .hint("Header names are letters, digits and dashes; values have no line breaks.")
    };
    let header = HeaderName::from_bytes(name.as_bytes()).map_err(|_| invalid("name"))?;
    let mut value = HeaderValue::from_str(value)
        .or_else(|_| HeaderValue::from_bytes(value.as_bytes()))
        .map_err(|_| invalid("value"))?;
    value.set_sensitive(sensitive);
    headers.insert(header, value);
    Ok(())
}

fn no_client(error: reqwest::Error, message: &str) -> Error {
    Error::new(ErrorKind::Unavailable, "source/no-client", message)
        .source_error(error)
        .hint("Install the system's certificate authorities (package `ca-certificates`).")
}

/// Names what went wrong on the wire. The library's error carries the URL with all its parameters, so that is removed.
fn failed(error: reqwest::Error, network: &NetworkPlan) -> Error {
    let (code, message, hint) = if error.is_timeout() {
        (
            "source/timeout",
            "the server did not answer in time",
            "Raise the timeout if the API is known to be slow.",
        )
    } else if error.is_connect() && matches!(network.proxy, ProxyPlan::Url(_)) {
        (
            "source/unreachable",
            "the server cannot be reached through the proxy",
            "Check `client.proxy`, the password it asks for, and `base_url`.",
        )
    } else if error.is_connect() {
        (
            "source/unreachable",
            "the server cannot be reached",
            "Check `base_url` and the network; a certificate of your own authority needs `client.ca_bundle`.",
        )
    } else {
        (
            "source/cut-off",
            "the connection broke off in the middle of an answer",
            "Run again; what was staged is kept.",
        )
    };
    Error::new(ErrorKind::Unavailable, code, message).hint(hint).source_error(error.without_url())
}
