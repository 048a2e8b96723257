//! Ephemeral policies: when versions of a secret expire, and what happens to them then.

use std::time::Duration;

use serde_json::{Value, json};

use crate::answers::ApiError;
use crate::arguments::Fields;
use crate::clock::Timestamp;

const SHORTEST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_secs(365 * 86_400);

/// The policy of a secret.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Policy {
    time_to_live: Option<Duration>,
    expires_once_accessed: Option<bool>,
    action: Expiry,
}

/// What a policy means for one version.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Properties {
    pub(crate) expires_at: Option<Timestamp>,
    pub(crate) expires_once_accessed: Option<bool>,
    pub(crate) action: Expiry,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Expiry {
    Delete,
    Disable,
}

impl Policy {
    pub(crate) fn read(fields: &Fields) -> Result<Policy, ApiError> {
        let time_to_live = match fields.text("time_to_live")? {
            None => None,
            Some(text) => {
                let argument = "ephemeral_policy.time_to_live";
                let duration =
                    parse_duration(&text).ok_or_else(|| ApiError::format(argument, "value must be a duration"))?;
                if !(SHORTEST..=LONGEST).contains(&duration) {
                    let help = "value must be between 1 second and 1 year";
                    return Err(ApiError::constraint(argument, help));
                }
                Some(duration)
            }
        };
        let expires_once_accessed = fields.flag("expires_once_accessed")?;
        ensure_expiry("ephemeral_policy", time_to_live.is_some(), expires_once_accessed)?;
        let action = Expiry::read(fields, "ephemeral_policy.action")?;
        Ok(Policy { time_to_live, expires_once_accessed, action })
    }

    pub(crate) fn properties(self, now: Timestamp) -> Properties {
        Properties {
            expires_at: self.time_to_live.map(|duration| now.after(duration)),
            expires_once_accessed: self.expires_once_accessed,
            action: self.action,
        }
    }

    pub(crate) fn to_json(self) -> Value {
        json!({
            "time_to_live": self.time_to_live.map(duration_text),
            "expires_once_accessed": self.expires_once_accessed,
            "action": self.action.name(),
        })
    }
}

impl Properties {
    pub(crate) fn read(fields: &Fields) -> Result<Properties, ApiError> {
        let expires_at = match fields.text("expires_at")? {
            None => None,
            Some(text) => {
                let argument = "ephemeral_properties.expires_at";
                let time = Timestamp::parse(&text);
                Some(time.ok_or_else(|| ApiError::format(argument, "value must be a time"))?)
            }
        };
        let expires_once_accessed = fields.flag("expires_once_accessed")?;
        ensure_expiry("ephemeral_properties", expires_at.is_some(), expires_once_accessed)?;
        let action = Expiry::read(fields, "ephemeral_properties.action")?;
        Ok(Properties { expires_at, expires_once_accessed, action })
    }

    pub(crate) fn to_json(self) -> Value {
        json!({
            "expires_at": self.expires_at.map(|at| at.to_string()),
            "expires_once_accessed": self.expires_once_accessed,
            "action": self.action.name(),
        })
    }
}

impl Expiry {
    fn read(fields: &Fields, argument: &str) -> Result<Expiry, ApiError> {
        match fields.text("action")?.as_deref() {
            Some("delete") => Ok(Expiry::Delete),
            Some("disable") => Ok(Expiry::Disable),
            _ => Err(ApiError::constraint(argument, "")),
        }
    }

    fn name(self) -> &'static str {
        match self {
            Expiry::Delete => "delete",
            Expiry::Disable => "disable",
        }
    }
}

/// Something has to end the life of an ephemeral version.
fn ensure_expiry(argument: &str, has_end: bool, expires_once_accessed: Option<bool>) -> Result<(), ApiError> {
    if has_end || expires_once_accessed == Some(true) {
        return Ok(());
    }
    Err(ApiError::constraint(argument, "an end in time or the expiry at the first access is needed"))
}

/// Reads seconds with up to nine decimals and the unit, as in `1800.000000000s`.
fn parse_duration(text: &str) -> Option<Duration> {
    let number = text.strip_suffix('s')?;
    let (seconds, fraction) = number.split_once('.').unwrap_or((number, ""));
    let digits_only = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if !digits_only(seconds) || !digits_only(fraction) || fraction.len() > 9 {
        return None;
    }
    let nanos = format!("{fraction:0<9}").parse().ok()?;
    Some(Duration::new(seconds.parse().ok()?, nanos))
}

fn duration_text(duration: Duration) -> String {
    let text = format!("{}.{:09}", duration.as_secs(), duration.subsec_nanos());
    format!("{}s", text.trim_end_matches('0').trim_end_matches('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_lose_empty_fractions() {
        for (sent, answered) in [
            ("1800.000000000s", Some("1800s")),
            ("1.5s", Some("1.5s")),
            ("100s", Some("100s")),
            ("100", None),
            ("-1s", None),
            ("1h", None),
            ("s", None),
        ] {
            let text = parse_duration(sent).map(duration_text);
            assert_eq!(text.as_deref(), answered, "{sent}");
        }
    }
}
