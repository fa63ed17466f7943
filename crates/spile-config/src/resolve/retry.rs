//! Retries and timeouts: dlt's numbers for dlt's configs, the seeds' numbers for configs that use the seed dialect.
//!
//! | | attempts | waits | statuses |
//! |---|---|---|---|
//! | plain dlt | 5 | 1, 2, 4, 8 s | 429 and every 5xx |
//! | seed dialect | 4 | 2, 4, 8 s, spread | 429, 500, 502, 503, 504; 429 waits out an hourly quota |

use spile_core::{Diagnostic, Node, RetryPlan, Store, Value};

use crate::fields::{KnownKeys, wrong_type};
use crate::resolve::Resolver;

pub(super) const RETRY: KnownKeys = KnownKeys {
    of: "client.retry",
    known: &["statuses", "max_retries", "backoff_factor", "max_wait", "jitter", "rate_limit_max_wait"],
    later: &[],
};

/// Keys of a `cursor` paginator that dlt does not have.
const SEED_CURSOR_KEYS: [&str; 5] = ["limit", "limit_param", "cursor_value", "next_url", "stop_condition"];

/// A little more than an hour: the longest common quota window.
const QUOTA_WAIT_SECONDS: f64 = 3900.0;

impl Resolver<'_> {
    pub(super) fn retry(&mut self, client: &Node) -> RetryPlan {
        let mut plan = if uses_seed_dialect(&self.request.source.config) {
            RetryPlan {
                statuses: vec![429, 500, 502, 503, 504],
                all_server_errors: false,
                retries_max: 3,
                backoff_seconds: 2.0,
                wait_seconds_max: 300.0,
                jitter: true,
                rate_limit_wait_seconds_max: QUOTA_WAIT_SECONDS,
                timeout_seconds: 60.0,
            }
        } else {
            self.dlt_retry()
        };
        if let Some(node) = client.get("retry").filter(|node| !node.is_null()) {
            self.apply_retry(node, &mut plan);
        }
        if let Some(node) = client.get("timeout").filter(|node| !node.is_null())
            && let Some(seconds) = self.amount(node, "timeout")
        {
            if seconds > 0.0 {
                plan.timeout_seconds = seconds;
            } else {
                self.report(wrong_type("timeout", "a number of seconds above 0", node));
            }
        }
        plan
    }

    /// dlt's defaults with what its `[runtime]` section says.
    fn dlt_retry(&mut self) -> RetryPlan {
        let attempts = self.runtime("request_max_attempts").unwrap_or(5.0).max(1.0);
        RetryPlan {
            statuses: vec![429],
            all_server_errors: true,
            retries_max: attempts as u32 - 1,
            backoff_seconds: self.runtime("request_backoff_factor").unwrap_or(1.0),
            wait_seconds_max: self.runtime("request_max_retry_delay").unwrap_or(300.0),
            jitter: false,
            // dlt counts a 429 among the ordinary retries.
            rate_limit_wait_seconds_max: 0.0,
            timeout_seconds: self.runtime("request_timeout").filter(|seconds| *seconds > 0.0).unwrap_or(60.0),
        }
    }

    fn runtime(&mut self, name: &str) -> Option<f64> {
        let asked = format!("runtime.{name}");
        let pipeline = self.names.pipeline.clone();
        let paths = [vec!["runtime", name]];
        let found = self.providers.search_for_pipeline(&pipeline, &paths, Store::Config, &asked)?;
        let number = match found {
            Value::Int(number) => Some(number as f64),
            Value::Float(number) => Some(number),
            Value::String(text) => text.trim().parse().ok(),
            _ => None,
        };
        let number = number.filter(|number| number.is_finite() && *number >= 0.0);
        if number.is_none() {
            self.report(
                Diagnostic::error("config/wrong-type", format!("{asked} must be a number from 0"))
                    .hint("Fix it in the environment or in .dlt/config.toml."),
            );
        }
        number
    }

    fn apply_retry(&mut self, node: &Node, plan: &mut RetryPlan) {
        RETRY.check(node, self.diagnostics);
        let Some(entries) = self.entries(node, "client.retry") else { return };
        for (key, node) in entries {
            match key.name.as_str() {
                "statuses" => self.retry_statuses(node, plan),
                "max_retries" => {
                    if let Some(number) = self.count(node, "max_retries") {
                        plan.retries_max = u32::try_from(number).unwrap_or(u32::MAX);
                    }
                }
                "backoff_factor" => set(&mut plan.backoff_seconds, self.amount(node, "backoff_factor")),
                "max_wait" => set(&mut plan.wait_seconds_max, self.amount(node, "max_wait")),
                "jitter" => set(&mut plan.jitter, self.boolean(node, "jitter")),
                "rate_limit_max_wait" => {
                    set(&mut plan.rate_limit_wait_seconds_max, self.amount(node, "rate_limit_max_wait"));
                }
                _ => {} // Reported by the check above.
            }
        }
    }

    fn retry_statuses(&mut self, node: &Node, plan: &mut RetryPlan) {
        let Value::List(items) = &node.value else {
            return self.report(wrong_type("statuses", "a list of HTTP statuses", node));
        };
        plan.statuses.clear();
        plan.all_server_errors = false;
        for item in items {
            match item.value {
                Value::Int(status @ 400..=599) => plan.statuses.push(status as u16),
                _ => self.report(wrong_type("a status", "a whole number from 400 to 599", item)),
            }
        }
    }
}

fn set<T>(place: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *place = value;
    }
}

/// Returns whether a config uses a key of the seed dialect anywhere.
fn uses_seed_dialect(config: &Node) -> bool {
    let paginator = |holder: Option<&Node>| {
        holder.and_then(|holder| holder.get("paginator")).is_some_and(|paginator| {
            paginator.get("type").and_then(Node::as_str) == Some("cursor")
                && SEED_CURSOR_KEYS.iter().any(|key| paginator.get(key).is_some())
        })
    };
    let resource =
        |resource: &Node| resource.get("incremental_sync").is_some() || paginator(resource.get("endpoint"));
    let resources = match config.get("resources").map(|node| &node.value) {
        Some(Value::List(items)) => items.as_slice(),
        _ => &[],
    };
    paginator(config.get("client"))
        || config.get("resource_defaults").is_some_and(resource)
        || resources.iter().any(resource)
}
