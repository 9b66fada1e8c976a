//! Tests the errors about a function, and that the expansion still contains the function.

use proc_macro2::{Delimiter, TokenStream, TokenTree};
use quote::{ToTokens, quote};

use crate::expand::{handler, main};

/// The parts of an expansion that the tests examine.
pub(crate) struct Expansion {
    errors: Vec<String>,
    registered: bool,
    mains: usize,
}

impl Expansion {
    /// Parses `made`, the expansion of `function`, and asserts that it contains the function.
    #[track_caller]
    pub(crate) fn of(made: TokenStream, function: &TokenStream) -> Self {
        let text = made.to_string();
        assert!(
            solid(&text).contains(&signature_of(function)),
            "the expansion does not contain the function: {text}"
        );
        let items = syn::parse2::<syn::File>(made)
            .expect("the expansion is valid Rust")
            .items;
        let errors = items.iter().filter_map(error).collect();
        Self {
            errors,
            registered: text.contains("submit !"),
            mains: items.iter().filter(|item| is_main(item)).count(),
        }
    }
}

/// Returns an item without its attributes and body, which a function with errors may lose.
fn signature_of(item: &TokenStream) -> String {
    let tokens = item.clone().into_iter().filter(|token| {
        !matches!(token, TokenTree::Group(body) if body.delimiter() == Delimiter::Brace)
            && !matches!(token, TokenTree::Group(list) if list.delimiter() == Delimiter::Bracket)
            && !matches!(token, TokenTree::Punct(mark) if matches!(mark.as_char(), '#' | ';'))
    });
    solid(&tokens.collect::<TokenStream>().to_string())
}

fn solid(text: &str) -> String {
    text.replace(' ', "")
}

fn error(item: &syn::Item) -> Option<String> {
    let syn::Item::Macro(call) = item else {
        return None;
    };
    assert_eq!(
        call.mac.path.to_token_stream().to_string(),
        ":: core :: compile_error"
    );
    let text: syn::LitStr = call.mac.parse_body().expect("a string literal");
    Some(text.value())
}

fn is_main(item: &syn::Item) -> bool {
    matches!(item, syn::Item::Fn(function) if function.sig.ident == "main")
}

/// Asserts that exactly these errors were reported, and that a handler with errors is not registered.
#[track_caller]
pub(crate) fn assert_errors(expansion: &Expansion, errors: &[&str]) {
    assert_eq!(expansion.errors, errors);
    assert!(
        errors.is_empty() || !expansion.registered,
        "the handler is registered although it has errors"
    );
    assert!(expansion.mains <= 1);
}

pub(crate) fn on_handler(function: &TokenStream) -> Expansion {
    Expansion::of(handler(quote!(), function), function)
}

pub(crate) fn stream(function: &TokenStream) -> Expansion {
    Expansion::of(handler(quote!(stream), function), function)
}

pub(crate) fn on_main(function: &TokenStream) -> Expansion {
    let expansion = Expansion::of(main(quote!(), function), function);
    assert_eq!(expansion.mains, 1);
    expansion
}

#[test]
fn a_handler_has_no_qualifiers() {
    assert_errors(
        &on_handler(&quote! { const unsafe extern "C" fn greet(args: ...) {} }),
        &[
            "a handler cannot be a `const fn`\nhelp: remove `const`: the worker calls the function at run time",
            "a handler cannot be `unsafe`\n\
             help: remove `unsafe` here, and put an `unsafe` block around the code that needs it",
            "a handler cannot be `extern`\n\
             help: remove `extern`: the worker calls the function from Rust",
            "a handler cannot take variadic arguments (`...`)\n\
             help: to take any number of values, use a `Vec<T>` as the input or as one of its fields",
        ],
    );
}

#[test]
fn a_handler_is_not_generic() {
    let generic = "a handler cannot be generic\nhelp: write the concrete type: the worker cannot know which one to use";
    assert_errors(
        &on_handler(&quote! { fn greet<T, const N: usize>(x: [T; N]) {} }),
        &[generic],
    );
    assert_errors(
        &on_handler(&quote! { fn greet<'a, T>(x: T) {} }),
        &[
            generic,
            "a handler cannot have lifetime parameters\n\
             help: remove them: a handler owns its arguments",
        ],
    );
}

#[test]
fn main_is_not_generic_either() {
    assert_errors(
        &on_main(&quote! { async unsafe fn main<T>() -> T {} }),
        &[
            "`main` cannot be `unsafe`\n\
             help: remove `unsafe` here, and put an `unsafe` block around the code that needs it",
            "`main` cannot be generic\n\
             help: write the concrete type: the worker cannot know which one to use",
        ],
    );
}

#[test]
fn a_handler_is_not_a_method() {
    let method = "a handler cannot be a method\n\
                  help: move the function out of the `impl`; handlers share data through `State<T>`";
    assert_errors(
        &on_handler(&quote! { fn greet(&mut self, x: u32) {} }),
        &[method],
    );
    assert_errors(
        &on_handler(&quote! { fn greet(self: Arc<Self>) {} }),
        &[method],
    );
}

#[test]
fn an_argument_is_taken_by_value() {
    let reference =
        |owned: &str| format!("a handler's argument cannot be a reference\nhelp: take {owned}");
    assert_errors(
        &on_handler(
            &quote! { fn greet<'a>(text: &'a str, more: &mut Greeting, even: (&'static [u8])) {} },
        ),
        &[
            &reference("`String` by value"),
            &reference(
                "`Greeting` by value if it is the input, or `State<Greeting>` if `main` makes it",
            ),
            &reference("`Vec<u8>` by value"),
        ],
    );
}

#[test]
fn an_argument_does_not_borrow_inside() {
    let borrows = "a handler's argument cannot contain borrowed data\n\
                   help: use an owned type, such as `String` instead of `&str`: a handler owns its arguments";
    assert_errors(
        &on_handler(&quote! { fn greet(a: Option<Vec<(u8, &str)>>, b: Cow<'_, str>) {} }),
        &[borrows, borrows],
    );
    assert_errors(
        &on_handler(&quote! { fn greet(a: State<&'static Model>, b: Cow<'static, str>) {} }),
        &[],
    );
}

#[test]
fn an_argument_is_of_one_type() {
    assert_errors(
        &on_handler(&quote! { fn greet(a: Vec<impl Clone>) {} }),
        &["a handler's argument cannot be an `impl Trait`\n\
             help: write the concrete type: the worker cannot know which one to make"],
    );
}

#[test]
fn a_stream_has_a_way_to_send_items() {
    let nothing = "a `stream` handler that returns nothing has no way to send items\n\
                   help: return `impl Stream<Item = T>` or `impl Iterator<Item = T>`, or take an `Emitter<T>`";
    for function in [
        quote! { fn greet(x: u32) {} },
        quote! { fn greet(x: u32) -> () {} },
        quote! { async fn greet(x: u32) -> anyhow::Result<()> {} },
    ] {
        assert_errors(&stream(&function), &[nothing]);
    }
    for function in [
        quote! { fn greet(out: Emitter<u32>) {} },
        quote! { async fn greet(x: u32, out: runpod::Emitter<u32>) -> Result<(), Error> {} },
        quote! { async fn greet(x: u32) -> Result<Words, Error> {} },
    ] {
        assert_errors(&stream(&function), &[]);
    }
}

#[test]
fn what_only_a_stream_can_do_needs_the_option() {
    assert_errors(
        &on_handler(&quote! { fn greet(out: Emitter<u32>) {} }),
        &["only a `stream` handler can take an `Emitter`\n\
             help: add the option: `#[runpod::handler(stream)]`"],
    );
    let function = quote! { async fn greet() -> impl futures::Stream<Item = u32> + Send {} };
    assert_errors(
        &Expansion::of(main(quote!(concurrency = 2), &function), &function),
        &[
            "a handler that returns a stream of items needs the option `stream`\n\
             help: add it: `#[runpod::main(stream)]`",
        ],
    );
}

#[test]
fn main_is_no_handler_and_takes_no_arguments() {
    assert_errors(
        &on_main(&quote! { async fn main(input: &str) {} }),
        &["`main` takes no arguments\n\
             help: `main` makes the worker's state before the first job; to handle jobs, give this function another name"],
    );
    assert_errors(
        &on_handler(&quote! { fn main() {} }),
        &["`main` cannot be a handler\n\
             help: rename the handler; if this function makes the worker's state, put `#[runpod::main]` on it instead"],
    );
}

#[test]
fn one_attribute_is_enough() {
    let two = "a handler cannot have two runpod attributes\n\
               help: keep `#[runpod::main]` if this handler is the whole worker, or `#[runpod::handler]` if it is one \
               of several";
    assert_errors(
        &on_handler(&quote! { #[runpod::main] fn greet() {} }),
        &[two],
    );
    assert_errors(
        &on_main(&quote! { #[handler(stream)] fn greet() {} }),
        &[two],
    );
    assert_errors(
        &on_main(&quote! { #[tokio::main(flavor = "current_thread")] async fn main() {} }),
        &["`#[tokio::main]` cannot be used with `#[runpod::main]`\n\
             help: remove it: the worker starts its own tokio runtime"],
    );
    assert_errors(
        &on_handler(&quote! { #[other::handler] fn greet() {} }),
        &[],
    );
}

#[test]
fn a_handler_that_is_the_whole_worker_has_no_state() {
    let function = quote! { async fn greet(name: String, model: State<Model>) {} };
    let expansion = Expansion::of(main(quote!(), &function), &function);
    assert_errors(
        &expansion,
        &[
            "a handler with `#[runpod::main]` cannot take a `State<T>`: there is no `main` function that makes the state\n\
             help: put `#[runpod::handler]` on this function, and add `#[runpod::main] async fn main() -> T { … }`, which makes the state",
        ],
    );
    assert_errors(&on_handler(&function), &[]);
}

#[test]
fn an_attribute_on_a_closure_leaves_one_expression() {
    for closure in [
        quote!(|x: u32| x),
        quote!(async move || 0),
        quote!(move |x| x),
    ] {
        for made in [handler(quote!(), &closure), main(quote!(), &closure)] {
            let made = syn::parse2::<syn::Expr>(made);
            assert!(matches!(made, Ok(syn::Expr::Block(_))), "{closure}");
        }
    }
}

const YIELD: &str = "`yield` cannot be used directly in a function\n\
                     help: wrap the body in `runpod::stream! { … }`, or in `runpod::try_stream! { … }` if it uses \
                     `?`, and return `impl Stream<Item = T>`";

#[test]
fn a_yield_is_reported_once_where_no_macro_takes_it() {
    assert_errors(
        &stream(&quote! { fn count() -> Items { if !(yield 1) { yield 2; } } }),
        &[YIELD],
    );
    assert_errors(
        &stream(
            &quote! { fn count() -> impl Stream<Item = u8> { runpod::try_stream! { { yield 1 } } } },
        ),
        &[],
    );
    assert_errors(&stream(&quote! { fn count() -> Items { r#yield() } }), &[]);
}

#[test]
fn a_body_with_a_yield_is_put_into_the_macro_so_that_the_compiler_says_no_more_about_it() {
    let made = handler(
        quote!(stream, crate = worker),
        &quote! { fn count() -> impl Stream<Item = u8> { yield 1; } },
    );
    let inside = quote! { fn count() -> impl Stream<Item = u8> { worker::stream! { yield 1; } } };
    assert!(made.to_string().contains(&inside.to_string()), "{made}");
}

#[test]
fn a_function_needs_a_body() {
    assert_errors(
        &on_handler(&quote! { fn greet(); }),
        &[
            "a handler needs a body\nhelp: give the function a body, `{ … }`, outside any trait or `extern` block",
        ],
    );
}

#[test]
fn anything_else_than_a_function_is_none() {
    for item in [
        quote! { pub struct Greeting { name: String } },
        quote! { const GREETING: u32 = 1; },
        quote! { unsafe impl Send for Greeting {} },
        quote! { mod greetings {} },
    ] {
        assert_errors(
            &Expansion::of(handler(quote!(stram), &item), &item),
            &[
                "unknown option `stram`; did you mean `stream`?\n\
                 help: the options of `#[runpod::handler]` are `stream`, `name`, `openai`, `model`, `context_window`, `accepts`, `batch`, `max_batch_size`, `max_wait`, `weight`, `max_weight`, `concurrent_batches`, `crate`",
                "`#[runpod::handler]` can only be used on a function\nhelp: put it on the function that handles the jobs",
            ],
        );
        assert_errors(
            &on_main(&item),
            &[
                "`#[runpod::main]` can only be used on a function\nhelp: put it on the function that handles the jobs",
            ],
        );
    }
}

#[test]
fn all_faults_are_reported_at_once() {
    let function = quote! { unsafe fn greet(text: &str, other: impl Clone) { yield 1 } };
    let errors = Expansion::of(
        main(quote!(stream, concurrency = 0, rout = "x"), &function),
        &function,
    )
    .errors;
    let first_lines: Vec<_> = errors
        .iter()
        .filter_map(|error| error.lines().next())
        .collect();
    assert_eq!(
        first_lines,
        [
            "the option `concurrency` must be 1 or more",
            "unknown option `rout`; did you mean `route`?",
            "a handler cannot be `unsafe`",
            "a handler's argument cannot be a reference",
            "a handler's argument cannot be an `impl Trait`",
            "a `stream` handler that returns nothing has no way to send items",
            "`yield` cannot be used directly in a function",
        ]
    );
}
