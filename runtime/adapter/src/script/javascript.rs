//! JavaScript, by QuickJS. A script gets an engine of its own on a thread of its own, and nothing of the host: no network, files,
//! timers, modules, or `eval`. What it prints is discarded.

use std::borrow::Cow;
use std::cell::Cell;
use std::rc::Rc;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::{Builder, available_parallelism};
use std::time::{Duration, Instant};

use naftiko_client::ScriptError;
use naftiko_schema::{Script, ScriptFile};
use rquickjs::context::EvalOptions;
use rquickjs::{Coerced, Context, Ctx, Error, FromJs as _, Runtime};
use serde_json::{Number, Value};
use tokio::sync::{Semaphore, oneshot};

/// How much memory a script has, in bytes.
const MEMORY: usize = 64 << 20;
/// How much stack it has, in bytes, and the stack of its thread.
const STACK: usize = 4 << 20;
const THREAD_STACK: usize = 2 * STACK;
/// How many scripts may still run beyond their time, for each processor: the engine does not ask within some functions.
const OVERDUE: usize = 4;
/// How many calls and rounds of loops the engine makes before it asks whether to go on.
const PERIOD: u64 = 10_000;
/// How often it counts for a statement: in a round of a loop that makes one call, twice for the round and once for the call.
const COUNTS: u64 = 3;
/// The largest whole number of which all smaller ones are exact.
const EXACT: f64 = 9_007_199_254_740_992.0;
/// What scripts of the reference engine find, which is functions for messages that no one reads; no way to run text; and searches in
/// texts that end in time: the engine does not ask within them, and both texts may be those of a caller.
const PRELUDE: &str =
    "var console = {}, print = function () {}, load = function () { throw new Error('nothing can be loaded') };
console.log = console.info = console.warn = console.error = console.debug = console.trace = print;
(function () {
    function refuse() { throw new EvalError('text cannot be run as a program') }
    [function () {}, function* () {}, async function () {}, async function* () {}].forEach(function (kind) {
        Object.defineProperty(Object.getPrototypeOf(kind), 'constructor', {value: refuse});
    });
    refuse.prototype = Function.prototype;
    globalThis.Function = globalThis.eval = refuse;
    var apply = Reflect.apply, texts = String.prototype;
    ['includes', 'indexOf', 'lastIndexOf', 'split', 'replace', 'replaceAll'].forEach(function (name) {
        var own = texts[name];
        texts[name] = function (sought) {
            var isText = sought == null || sought[Symbol.replace] === undefined;
            if (isText && String(this).length * String(sought).length > 1e8) {
                throw new RangeError('the texts are too long for a search');
            }
            return apply(own, this, arguments);
        };
    });
})()";
/// The value of `result`; `undefined` without one.
const RESULT: &str = "(function () { var value; try { value = result } catch (_) { return } \
                      return value === undefined ? null : value })()";

/// Runs a script on a thread of its own. It ends there by its limits, even if no one waits for it any more.
///
/// # Errors
/// If the script throws, or cannot be run.
pub(super) async fn run(
    script: &'static Script,
    context: Value,
    limit: usize,
    time: Duration,
) -> Result<Option<Value>, ScriptError> {
    static PROCESSORS: LazyLock<usize> = LazyLock::new(|| available_parallelism().map_or(1, std::num::NonZero::get));
    /// As many scripts run at once as there are processors.
    static PLACES: LazyLock<Semaphore> = LazyLock::new(|| Semaphore::new(*PROCESSORS));
    // It is free again when no one waits for the script any more.
    let _place = PLACES.acquire().await;
    let running = Thread::start(*PROCESSORS * OVERDUE)?;
    let (sender, receiver) = oneshot::channel();
    let work = move || {
        let outcome = evaluate(script, &context, limit, time);
        drop(running);
        // No one may be waiting.
        drop(sender.send(outcome));
    };
    let thread = Builder::new().name("script".to_owned()).stack_size(THREAD_STACK).spawn(work);
    thread.map_err(|error| ScriptError::Failed(format!("no thread can be started: {error}")))?;
    receiver.await.unwrap_or_else(|_| Err(ScriptError::Failed("the engine gave up".to_owned())))
}

/// A thread that runs a script.
struct Thread;

/// How many there are.
static THREADS: AtomicUsize = AtomicUsize::new(0);

impl Thread {
    fn start(most: usize) -> Result<Self, ScriptError> {
        let before = THREADS.fetch_add(1, Ordering::Relaxed);
        let thread = Self;
        if before < most {
            return Ok(thread);
        }
        Err(ScriptError::Failed("scripts that ran too long are still running; no other one can start".to_owned()))
    }
}

impl Drop for Thread {
    fn drop(&mut self) {
        THREADS.fetch_sub(1, Ordering::Relaxed);
    }
}

fn evaluate(script: &Script, given: &Value, limit: usize, time: Duration) -> Result<Option<Value>, ScriptError> {
    let own = |error: Error| ScriptError::Failed(format!("the engine cannot be started: {error}"));
    let runtime = Runtime::new().map_err(own)?;
    runtime.set_memory_limit(MEMORY);
    runtime.set_max_stack_size(STACK);
    let context = Context::full(&runtime).map_err(own)?;
    let limits = Limits::new(script, time);
    runtime.set_interrupt_handler(Some(limits.handler()));
    context.with(|engine| {
        let outcome = result(script, given, limit, &engine, &limits);
        outcome.map_err(|stopped| match stopped {
            Stopped::By(error) => error,
            Stopped::Inside(error, file) => failure(script, &error, file, &engine, &limits),
        })
    })
}

/// What a script cannot go beyond.
struct Limits {
    until: Instant,
    /// How often the engine may still ask.
    left: Rc<Cell<u64>>,
}

impl Limits {
    fn new(script: &Script, time: Duration) -> Self {
        let periods = (u64::from(script.statements) * COUNTS).div_ceil(PERIOD);
        Self { until: Instant::now() + time, left: Rc::new(Cell::new(periods.saturating_add(1))) }
    }

    /// Says whether the engine has to stop. A script cannot catch that.
    fn handler(&self) -> Box<dyn FnMut() -> bool> {
        let (until, left) = (self.until, Rc::clone(&self.left));
        Box::new(move || {
            left.set(left.get().saturating_sub(1));
            left.get() == 0 || Instant::now() > until
        })
    }

    /// What the script went beyond.
    fn exceeded(&self, script: &Script) -> Option<String> {
        if self.left.get() == 0 {
            return Some(format!("it ran more than {} statements", script.statements));
        }
        (Instant::now() > self.until).then(|| "it ran too long".to_owned())
    }
}

/// Why there is no result.
enum Stopped<'s> {
    By(ScriptError),
    /// An error of the engine, which knows more of it, in a file.
    Inside(Error, Option<&'s ScriptFile>),
}

impl From<Error> for Stopped<'_> {
    fn from(error: Error) -> Self {
        Self::Inside(error, None)
    }
}

fn result<'s>(
    script: &'s Script,
    given: &Value,
    limit: usize,
    engine: &Ctx<'_>,
    limits: &Limits,
) -> Result<Option<Value>, Stopped<'s>> {
    engine.eval::<(), _>(PRELUDE)?;
    engine.globals().set("context", engine.json_parse(given.to_string())?)?;
    for file in script.files.iter() {
        let mut options = EvalOptions::default();
        options.strict = false;
        options.filename = Some(file.name.clone().into_owned());
        let evaluated = engine.eval_with_options::<rquickjs::Value<'_>, _>(&*file.text, options);
        evaluated.map_err(|error| Stopped::Inside(error, Some(file)))?;
    }
    while engine.execute_pending_job() {
        if let Some(limit) = limits.exceeded(script) {
            return Err(Stopped::By(ScriptError::Failed(limit)));
        }
    }
    let value: rquickjs::Value<'_> = engine.eval(RESULT)?;
    // A function is no JSON.
    let Some(json) = engine.json_stringify(value)? else { return Ok(None) };
    let json = json.to_string()?;
    let thrown = |message: &str| Stopped::By(ScriptError::Thrown(format!("TypeError: {message}")));
    if json.len() > limit {
        return Err(thrown("the result is too long"));
    }
    let mut value =
        serde_json::from_str(&without_halves(&json)).map_err(|_| thrown("the result is nested too deeply"))?;
    mark_inexact(&mut value);
    Ok(Some(value))
}

/// JSON of the engine with a replacement character for each half of a surrogate pair, which is no character. The engine escapes halves,
/// and writes whole pairs as they are.
fn without_halves(json: &str) -> Cow<'_, str> {
    if !json.contains("\\ud") {
        return Cow::Borrowed(json);
    }
    let (mut whole, mut rest) = (String::with_capacity(json.len()), json);
    while let Some((before, escape)) = rest.find('\\').and_then(|at| rest.split_at_checked(at)) {
        let is_half = escape.starts_with("\\ud") && !matches!(escape.as_bytes().get(3), Some(b'0'..=b'7'));
        let kept = if is_half { "\u{fffd}" } else { escape.get(..2).unwrap_or(escape) };
        whole.extend([before, kept]);
        rest = escape.get(if is_half { 6 } else { 2 }..).unwrap_or_default();
    }
    whole.push_str(rest);
    Cow::Owned(whole)
}

/// Makes decimals of whole numbers that may have lost digits: `1.2345678901234567e+19`, as the reference engine writes them.
fn mark_inexact(value: &mut Value) {
    match value {
        Value::Number(number) => {
            let float = number.as_f64().filter(|float| float.abs() > EXACT).and_then(Number::from_f64);
            *number = float.unwrap_or_else(|| number.clone());
        }
        Value::Array(items) => items.iter_mut().for_each(mark_inexact),
        Value::Object(members) => members.values_mut().for_each(mark_inexact),
        _ => {}
    }
}

/// The failure of a script. What goes beyond a limit, and what is no JavaScript, is its own fault.
fn failure(
    script: &Script,
    error: &Error,
    file: Option<&ScriptFile>,
    engine: &Ctx<'_>,
    limits: &Limits,
) -> ScriptError {
    if let Some(limit) = limits.exceeded(script) {
        return ScriptError::Failed(limit);
    }
    if !error.is_exception() {
        return ScriptError::Failed(error.to_string());
    }
    let thrown = engine.catch();
    let exception = thrown.as_exception();
    match exception.and_then(|exception| exception.message()).as_deref() {
        Some("Maximum call stack size exceeded") => return ScriptError::Failed("it recursed too deeply".to_owned()),
        Some("out of memory" | "string too long") => {
            return ScriptError::Failed(format!("it took more than {} MiB of memory", MEMORY >> 20));
        }
        _ => {}
    }
    // Only an error that comes before anything runs has no function in its stack.
    let stack = exception.and_then(|exception| exception.stack());
    let is_unread = stack.is_some_and(|stack| !stack.contains('('));
    let shown =
        Coerced::<String>::from_js(engine, thrown).map_or("an error without a message".to_owned(), |text| text.0);
    match file.filter(|_| is_unread) {
        Some(file) => ScriptError::Failed(format!("{}: {shown}", file.name)),
        None => ScriptError::Thrown(shown),
    }
}

#[cfg(test)]
mod tests {
    use naftiko_schema::{ArgumentSource, ScriptFile};
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn outcome(text: &str, given: &Value) -> Result<Option<Value>, ScriptError> {
        within(2_000, text, given)
    }

    fn within(statements: u32, text: &str, given: &Value) -> Result<Option<Value>, ScriptError> {
        let file = ScriptFile { name: "test.js".into(), text: text.to_owned().into() };
        let mut script = Script::new("javascript", &[], ArgumentSource::Absent, 1000, statements);
        script.files = vec![file].into();
        let run = || evaluate(&script, given, 10_000, Duration::from_secs(5));
        std::thread::scope(|scope| {
            let thread = Builder::new().stack_size(THREAD_STACK).spawn_scoped(scope, run);
            thread.expect("a thread").join().expect("the engine does not panic")
        })
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
        assert_eq!(
            value("result = [9007199254740992, 12345678901234567890]").to_string(),
            "[9007199254740992,1.2345678901234567e+19]"
        );
        assert_eq!(value("var result"), json!(null));
        assert_eq!(value("var result; Promise.resolve(7).then(function (x) { result = x })"), json!(7));
        for nothing in ["var other = 1", "result = function () {}", "if (false) { let result = 1 }"] {
            assert_eq!(outcome(nothing, &json!({})), Ok(None), "{nothing}");
        }
    }

    #[test]
    fn halves_of_surrogate_pairs_become_replacement_characters() {
        assert_eq!(
            value(r"result = {'\udc00k': ['a\ud800', '\\ud800', '\u0000', '\ud83d\ude00', '\\\\\udfff', '\ud7ff']}"),
            json!({"\u{fffd}k": ["a\u{fffd}", "\\ud800", "\0", "😀", "\\\\\u{fffd}", "\u{d7ff}"]})
        );
    }

    #[test]
    fn rounds_of_loops_are_statements_however_the_engine_counts_them() {
        for head in ["for (var i = 0; i < N; i++) { list.push(i) }", "var i = 0; while (i < N) { list.push(i++) }"] {
            let text = format!("var list = []; {head} result = list.length");
            assert_eq!(within(100_000, &text.replace('N', "95000"), &json!({})), Ok(Some(json!(95_000))), "{text}");
            let error = within(100_000, &text.replace('N', "150000"), &json!({})).expect_err(&text);
            assert!(matches!(error, ScriptError::Failed(_)), "{error:?}");
        }
    }

    #[test]
    fn functions_of_texts_do_what_they_did() {
        let text = "result = ['a-b'.includes('-'), 'a-b'.indexOf('b', 1), 'a-b-'.lastIndexOf('-'), 'a-b'.split('-'), 'a-b'.split(), \
                    'aba'.replace('a', function (x) { return x + x }), 'aba'.replaceAll('a', 'c'), 'aba'.replace(/a/g, '$&$&'), \
                    'a1b'.split(/[0-9]/), 'null'.includes(null)]";
        let expected = json!([true, 2, 3, ["a", "b"], ["a-b"], "aaba", "cbc", "aabaa", ["a", "b"], true]);
        assert_eq!(value(text), expected);
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
            ("while (true) { try { null.x } catch (_) {} }", false),
            ("(function f() { Promise.resolve().then(f) })()", false),
            ("/(a+)+$/.test('aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab')", false),
            ("new Array(4294967295).indexOf(1)", false),
            ("'a'.repeat(660000).includes('a'.repeat(330000) + 'b')", true),
            ("'a'.repeat(660000).split('a'.repeat(330000) + 'b')", true),
            ("var all = []; for (var i = 0; i < 9; i++) all.push('x'.repeat(1e7) + i)", false),
            ("var text = 'x'; for (var i = 0; i < 40; i++) text += text", false),
            (long, true),
            ("var result = {}; result.own = result", true),
            ("result = 'x'.repeat(1e9)", false),
            ("result = 'x'.padEnd(1e9)", false),
            ("result = new ArrayBuffer(1e9)", false),
            ("result = 1n", true),
            ("eval('1')", true),
            ("new Function('1')", true),
            ("(function () {}).constructor('1')", true),
            ("(async function () {}).constructor('1')", true),
            ("throw new SyntaxError('x')", true),
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
