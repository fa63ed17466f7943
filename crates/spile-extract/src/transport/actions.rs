//! Response actions: what the config does with an answer before its status counts.
//!
//! Actions run in order. A function may change the answer, and what comes after it sees the change, as in dlt.

use spile_core::{ActionEffect, HookVerdict, HookedAnswer, ResponseAction};

use super::Response;
use super::budget::{Failure, RetryClass};

/// Runs the actions over an answer. Returns the answer as they left it, and whether it counts as an empty last page.
pub(super) fn run(actions: &[ResponseAction], mut response: Response) -> Result<(Response, bool), Failure> {
    for action in actions {
        if !action.matches(response.status, &response.body) {
            continue;
        }
        let hooks = match &action.effect {
            ActionEffect::Ignore => return Ok((response, true)),
            ActionEffect::Nothing => continue,
            ActionEffect::Call(hooks) => hooks,
        };
        let mut answer = HookedAnswer {
            status: response.status,
            url: response.url.clone(),
            headers: response.headers.clone(),
            body: std::mem::take(&mut response.body),
        };
        for hook in hooks {
            let verdict = hook.call(&mut answer).map_err(|error| Failure {
                class: RetryClass::Never,
                error,
                retry_after_seconds: None,
                refused: false,
            })?;
            if verdict == HookVerdict::Ignore {
                return Ok((response, true));
            }
        }
        response.status = answer.status;
        response.body = answer.body;
    }
    Ok((response, false))
}
