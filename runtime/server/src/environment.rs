//! Flags that are set in the environment.

use clap::builder::BoolishValueParser;
use clap::{Arg, ArgAction};

/// Reads the variable of a flag as files of variables write it: a blank one counts as unset, and a switch takes the usual
/// words, such as `1` or `no`, in any case.
pub(super) fn lenient(flag: Arg) -> Arg {
    let is_switch = matches!(flag.get_action(), ArgAction::SetTrue);
    let value = flag.get_env().and_then(std::env::var_os);
    let is_blank = value.is_some_and(|value| value.to_string_lossy().trim().is_empty());
    let flag = if is_blank { flag.env(None::<&str>) } else { flag };
    if is_switch { flag.value_parser(BoolishValueParser::new()) } else { flag }
}
