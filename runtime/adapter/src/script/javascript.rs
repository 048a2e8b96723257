//! JavaScript, by Boa. A script gets an engine of its own on a thread of its own, and nothing of the host: no network, files,
//! timers, modules, or `eval`. What it prints is discarded.

mod outcome;

use std::rc::Rc;
use std::sync::LazyLock;
use std::thread::{Builder, available_parallelism};

use boa_engine::context::{ContextBuilder, HostHooks};
use boa_engine::object::FunctionObjectBuilder;
use boa_engine::property::Attribute;
use boa_engine::realm::Realm;
use boa_engine::{
    Context, JsError, JsNativeError, JsObject, JsResult, JsString, JsValue, NativeFunction, Script as Program, Source,
    js_string,
};
use naftiko_client::ScriptError;
use naftiko_schema::Script;
use serde::de::IgnoredAny;
use serde_json::Value;
use tokio::sync::{Semaphore, oneshot};

use outcome::{Shape, shown};

/// The stack of a script, in bytes: enough for the deepest recursion that the engine allows.
const STACK: usize = 32 << 20;
/// How many instructions of the engine a statement has, at most: a loop with a call takes about as many.
const INSTRUCTIONS: usize = 20;
/// The longest text that one call makes by repetition, in characters.
const REPEATED: f64 = 4_194_304.0;
/// As many scripts run at once as there are processors.
static PLACES: LazyLock<Semaphore> =
    LazyLock::new(|| Semaphore::new(available_parallelism().map_or(1, std::num::NonZero::get)));
/// What scripts of the reference engine find: functions for messages that no one reads.
const PRELUDE: &str =
    "var console = {}, print = function () {}, load = function () { throw new Error('nothing can be loaded') };
console.log = console.info = console.warn = console.error = console.debug = console.trace = print;";
/// The value of `result`; `undefined` without one.
const RESULT: &str = "(function () { var value; try { value = result } catch (_) { return } \
                      return value === undefined ? null : value })()";

/// Runs a script on a thread of its own. It ends there by its limit of statements, even if no one waits for it any more.
///
/// # Errors
/// If the script throws, or cannot be run.
pub(super) async fn run(script: &'static Script, context: Value, limit: usize) -> Result<Option<Value>, ScriptError> {
    let place = PLACES.acquire().await;
    let (sender, receiver) = oneshot::channel();
    let work = move || {
        let outcome = evaluate(script, &context, limit);
        drop(place);
        // No one may be waiting.
        drop(sender.send(outcome));
    };
    let thread = Builder::new().name("script".to_owned()).stack_size(STACK).spawn(work);
    thread.map_err(|error| ScriptError::Failed(format!("no thread can be started: {error}")))?;
    receiver.await.unwrap_or_else(|_| Err(ScriptError::Failed("the engine gave up".to_owned())))
}

fn evaluate(script: &Script, given: &Value, limit: usize) -> Result<Option<Value>, ScriptError> {
    let statements = usize::try_from(script.statements).unwrap_or(usize::MAX);
    let builder = ContextBuilder::new().host_hooks(Rc::new(NoHost));
    let builder = builder.instructions_remaining(statements.saturating_mul(INSTRUCTIONS).saturating_add(1_000));
    let own = |error: JsError| ScriptError::Failed(error.to_string());
    let mut engine = builder.build().map_err(own)?;
    prepare(&mut engine, given).map_err(own)?;
    let shape = Shape::new(&mut engine, limit).map_err(own)?;
    for file in script.files.iter() {
        let source = Source::from_bytes(file.text.as_bytes());
        let program = Program::parse(source, None, &mut engine)
            .map_err(|error| ScriptError::Failed(format!("{}: {}", file.name, shown(&error, &mut engine))))?;
        program.evaluate(&mut engine).map_err(|error| failure(script, &error, &mut engine))?;
    }
    engine.run_jobs().map_err(|error| failure(script, &error, &mut engine))?;
    let result = engine.eval(Source::from_bytes(RESULT)).map_err(|error| failure(script, &error, &mut engine))?;
    shape.json(&result, &mut engine).map_err(|error| failure(script, &error, &mut engine))
}

/// The failure of a script. What goes beyond a limit is its own fault.
fn failure(script: &Script, error: &JsError, engine: &mut Context) -> ScriptError {
    match error.as_native() {
        Some(native) if native.is_no_instructions_remain() => {
            ScriptError::Failed(format!("it ran more than {} statements", script.statements))
        }
        Some(native) if native.is_runtime_limit() => ScriptError::Failed("it recursed too deeply".to_owned()),
        _ => ScriptError::Thrown(shown(error, engine)),
    }
}

/// Gives the engine its globals.
fn prepare(engine: &mut Context, given: &Value) -> JsResult<()> {
    engine.eval(Source::from_bytes(PRELUDE))?;
    let given = JsValue::from_json(given, engine)?;
    engine.register_global_property(js_string!("context"), given, Attribute::all())?;
    let json = engine.intrinsics().objects().json();
    guard(engine, &json, "parse", is_shallow)?;
    let texts = engine.intrinsics().constructors().string().prototype();
    guard(engine, &texts, "repeat", |this, arguments, engine| {
        let length = this.to_string(engine)?.len() as f64;
        fits(length * arguments.first().unwrap_or(&JsValue::undefined()).to_number(engine)?)
    })?;
    for name in ["padStart", "padEnd"] {
        guard(engine, &texts, name, |_, arguments, engine| {
            fits(arguments.first().unwrap_or(&JsValue::undefined()).to_number(engine)?)
        })?;
    }
    Ok(())
}

type Check = fn(&JsValue, &[JsValue], &mut Context) -> JsResult<()>;

/// Puts a check before a function of the engine, which would take more memory or stack than there is.
fn guard(engine: &mut Context, object: &JsObject, name: &str, check: Check) -> JsResult<()> {
    let name = JsString::from(name);
    let own = object.get(name.clone(), engine)?;
    let function = NativeFunction::from_copy_closure_with_captures(
        move |this, arguments, own: &JsValue, engine| {
            check(this, arguments, engine)?;
            match own.as_callable() {
                Some(own) => own.call(this, arguments, engine),
                None => Ok(JsValue::undefined()),
            }
        },
        own,
    );
    let function = FunctionObjectBuilder::new(engine.realm(), function).name(name.clone()).length(1).build();
    object.set(name, function, true, engine)?;
    Ok(())
}

fn fits(length: f64) -> JsResult<()> {
    if length > REPEATED {
        return Err(JsNativeError::range().with_message("the text would be too long").into());
    }
    Ok(())
}

/// Whether a text is JSON that is not too deep for the engine. Any other mistake is the engine's to report.
fn is_shallow(_: &JsValue, arguments: &[JsValue], engine: &mut Context) -> JsResult<()> {
    let text = arguments.first().unwrap_or(&JsValue::undefined()).to_string(engine)?.to_std_string_lossy();
    match serde_json::from_str::<IgnoredAny>(&text) {
        Err(error) if error.to_string().contains("recursion limit") => {
            Err(JsNativeError::syntax().with_message("the JSON is nested too deeply").into())
        }
        _ => Ok(()),
    }
}

/// A host that has nothing.
struct NoHost;

impl HostHooks for NoHost {
    fn ensure_can_compile_strings(
        &self,
        _: Realm,
        _: &[JsString],
        _: &JsString,
        _: bool,
        _: &mut Context,
    ) -> JsResult<()> {
        Err(JsNativeError::eval().with_message("text cannot be run as a program").into())
    }

    fn local_timezone_offset_seconds(&self, _: i64) -> i32 {
        0
    }

    fn max_buffer_size(&self, _: &mut Context) -> u64 {
        16 << 20
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use naftiko_schema::{ArgumentSource, ScriptFile};
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn outcome(text: &str, given: &Value) -> Result<Option<Value>, ScriptError> {
        let file = ScriptFile { name: "test.js".into(), text: text.to_owned().into() };
        let mut script = Script::new("javascript", &[], ArgumentSource::Absent, 1000, 2_000);
        script.files = vec![file].into();
        evaluate(&script, given, 10_000)
    }

    fn value(text: &str) -> Value {
        outcome(text, &json!({})).expect(text).expect("there is a result")
    }

    #[test]
    fn results_are_what_json_has_of_them() {
        assert_eq!(
            value("var result = {b: 1, a: {c: []}, 'x-y': null}").to_string(),
            r#"{"b":1,"a":{"c":[]},"x-y":null}"#
        );
        assert_eq!(
            value("result = [1, 1.5, -0, 0 / 0, 'é', undefined, true]"),
            json!([1, 1.5, 0, null, "é", null, true])
        );
        assert_eq!(value("let result = new Date(0)"), json!("1970-01-01T00:00:00.000Z"));
        assert_eq!(value("var result"), json!(null));
        assert_eq!(value("var result; Promise.resolve(7).then(function (x) { result = x })"), json!(7));
        for nothing in ["var other = 1", "result = function () {}", "if (false) { let result = 1 }"] {
            assert_eq!(outcome(nothing, &json!({})), Ok(None), "{nothing}");
        }
    }

    #[test]
    fn scripts_see_their_context() {
        let given = json!({"list": [{"n": 1}, {"n": 2}], "text": "a"});
        let seen = outcome("result = context.list.map(function (x) { return x.n + context.text })", &given);
        assert_eq!(seen, Ok(Some(json!(["1a", "2a"]))));
    }

    #[test]
    fn scripts_beyond_a_limit_fail() {
        let deep = format!("result = JSON.parse('{}')", "[".repeat(5_000));
        let long = "result = []; for (var i = 0; i < 1000; i++) result.push('0123456789abcdef')";
        for (text, thrown) in [
            ("while (true) {}", false),
            ("try { while (true) {} } catch (_) {} finally { while (true) {} }", false),
            ("[1, 2].forEach(function () { while (true) {} })", false),
            ("(function f() { f() })()", false),
            ("var x = ;", false),
            (deep.as_str(), true),
            (long, true),
            ("var result = {}; result.own = result", true),
            ("result = 'x'.repeat(1e9)", true),
            ("result = 'x'.padEnd(1e9)", true),
            ("result = new ArrayBuffer(1e9)", true),
            ("result = 1n", true),
            ("eval('1')", true),
            ("new Function('1')", true),
            ("fetch('https://api.test')", true),
            ("import('fs').then(function () { result = 1 }); throw 'end'", true),
        ] {
            let error = outcome(text, &json!({})).expect_err(text);
            assert_eq!(matches!(error, ScriptError::Thrown(_)), thrown, "{text}: {error:?}");
        }
        assert_eq!(
            outcome("throw new Error('bad input')", &json!({})),
            Err(ScriptError::Thrown("Error: bad input".to_owned()))
        );
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn any_text_ends_in_time(bytes in proptest::collection::vec(any::<u8>(), 0..200), tokens in "([a-z]{1,3}|[(){}\\[\\];=+*/.,'\"`<>!?:0-9 ]|var |function |for|while|result){0,60}") {
            let started = Instant::now();
            for text in [String::from_utf8_lossy(&bytes).into_owned(), tokens] {
                drop(outcome(&text, &json!({"a": 1})));
            }
            prop_assert!(started.elapsed() < Duration::from_secs(20));
        }
    }
}
