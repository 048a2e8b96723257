//! Scripts of flows: JavaScript by an engine of this crate, other languages by what the application registers.

#[cfg(feature = "script")]
mod javascript;

use std::time::Duration;

use naftiko_client::__private::{Connection, shortened, visible};
use naftiko_client::{ScriptCall, ScriptError, ScriptRunners};
use naftiko_schema::{Adapter, Script};
use serde_json::Value;
use tokio::time::timeout;

use crate::numbers;
use crate::source::Scope;

/// The longest message of a script in an error, in characters.
const MESSAGE_LIMIT: usize = 500;

/// What a script sees, as JSON.
pub(crate) fn context(script: &Script, scope: Scope<'_>) -> Vec<u8> {
    let json = scope.value(&script.context).and_then(|value| Some(value.to_json()?.into_owned()));
    json.unwrap_or_else(|| b"{}".to_vec())
}

/// Runs a script, and returns what it assigned to `result`. `left` is what remains of the time of the flow.
///
/// # Errors
/// If the script throws, cannot be run, or goes beyond a limit.
pub(crate) async fn run(
    script: &'static Script,
    context: Vec<u8>,
    connection: &Connection,
    left: Duration,
) -> Result<Option<Value>, ScriptError> {
    if let Some(rejection) = &script.rejection {
        let error = if script.switched_off { ScriptError::Failed } else { ScriptError::Thrown };
        return Err(error(rejection.clone().into_owned()));
    }
    let limit = connection.response_limit();
    if context.len() > limit {
        return Err(ScriptError::Failed(format!("what it is given is longer than {limit} bytes")));
    }
    let time = Duration::from_millis(script.timeout.into()).min(left);
    let Ok(outcome) = timeout(time, value(script, context, connection, time)).await else {
        return Err(ScriptError::Failed(format!("it ran longer than {} ms", time.as_millis())));
    };
    outcome.map_err(short_error)
}

/// An error whose message is cut, and has no characters that no one sees.
pub(crate) fn short_error(error: ScriptError) -> ScriptError {
    match error {
        ScriptError::Thrown(message) => ScriptError::Thrown(short(&message)),
        ScriptError::Failed(problem) => ScriptError::Failed(short(&problem)),
    }
}

async fn value(
    script: &'static Script,
    context: Vec<u8>,
    connection: &Connection,
    time: Duration,
) -> Result<Option<Value>, ScriptError> {
    // Numbers lose what a float cannot hold: they do in JavaScript, too.
    let unreadable = |error| ScriptError::Failed(format!("what it is given cannot be read: {error}"));
    let context: Value = serde_json::from_slice(&context).map_err(unreadable)?;
    let language: &str = &script.language;
    if let Some(runner) = connection.scripts().get(language) {
        let files = script.files.iter().map(|file| (&*file.name, &*file.text)).collect();
        let value = runner.run(ScriptCall::new(files, context, time, script.statements)).await?;
        return Ok(value.and_then(|value| numbers::read(value.to_string().as_bytes()).ok()));
    }
    #[cfg(feature = "script")]
    if language == Script::JAVASCRIPT {
        return javascript::run(script, context, connection.response_limit(), time).await;
    }
    Err(ScriptError::Failed(format!("nothing runs scripts in `{language}` here")))
}

fn short(message: &str) -> String {
    shortened(&visible(&message.replace(['\n', '\r', '\t'], " ")), MESSAGE_LIMIT).into_owned()
}

/// The languages of the scripts of an adapter that nothing runs, each once.
pub fn without_runner<'a>(adapter: &'a Adapter, runners: &ScriptRunners) -> Vec<&'a str> {
    let is_run = |language: &str| {
        runners.get(language).is_some() || (cfg!(feature = "script") && language == Script::JAVASCRIPT)
    };
    let scripts = adapter.bindings().into_iter().flat_map(|binding| binding.target.scripts());
    let needed = scripts.filter(|script| script.rejection.is_none() && !is_run(&script.language));
    let mut languages: Vec<&str> = needed.map(|script| &*script.language).collect();
    languages.sort_unstable();
    languages.dedup();
    languages
}
