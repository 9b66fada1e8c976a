//! Parses tokens into the model. Faults are collected, and parsing continues after each fault.

use proc_macro2::{TokenStream, TokenTree};
use syn::ext::IdentExt as _;
use syn::parse::{ParseStream, Parser as _};
use syn::{Attribute, Expr, Ident, LitStr, Token};

use crate::batch;
use crate::concurrency;
use crate::diagnostics::{Faults, list};
use crate::model::{Function, Given, Key, Options, Place};
use crate::openai;
use crate::openai_route::Route;
use crate::values::{Misfit, Value, boolean, count, flag, given, modifier, module, path, text};

/// The reason why an item is not a [`Function`].
#[derive(Debug)]
pub(crate) enum NoFunction {
    /// The item is of another kind. Holds its first token after attributes and visibility.
    OtherItem(TokenStream),
    /// The item is a closure. Holds its first token.
    Closure(TokenStream),
    /// The item is a function whose signature cannot be parsed.
    Unreadable(syn::Error),
}

/// Reads a function's signature and keeps its body as it is.
pub(crate) fn function(item: &TokenStream) -> Result<Function, NoFunction> {
    let mut other = None;
    let read = |input: ParseStream<'_>| {
        let attributes = input.call(Attribute::parse_outer)?;
        let visibility = input.parse()?;
        if !starts_function(&input.fork()) {
            let closure = starts_closure(&input.fork());
            let rest: TokenStream = input.parse()?;
            other = Some((closure, rest.into_iter().take(1).collect()));
            return Err(input.error("not a function"));
        }
        Ok(Function {
            written: item.clone(),
            attributes,
            visibility,
            signature: input.parse()?,
            body: input.parse()?,
        })
    };
    let function = read.parse2(item.clone());
    function.map_err(|error| match other {
        Some((true, first)) => NoFunction::Closure(first),
        Some((false, first)) => NoFunction::OtherItem(first),
        None => NoFunction::Unreadable(error),
    })
}

/// Returns whether `fn` comes next, after any qualifiers.
fn starts_function(input: ParseStream<'_>) -> bool {
    loop {
        if input.peek(Token![fn]) {
            return true;
        }
        let qualifier = input.peek(Token![const])
            || input.peek(Token![async])
            || input.peek(Token![unsafe])
            || input.peek(Token![extern])
            || input.peek(LitStr);
        if !qualifier || input.parse::<TokenTree>().is_err() {
            return false;
        }
    }
}

/// Returns whether the `|` of a closure comes next, after any qualifiers.
fn starts_closure(input: ParseStream<'_>) -> bool {
    while input.peek(Token![move]) || input.peek(Token![async]) || input.peek(Token![static]) {
        if input.parse::<TokenTree>().is_err() {
            return false;
        }
    }
    input.peek(Token![|]) || input.peek(Token![||])
}

/// Reads the options between an attribute's parentheses.
pub(crate) fn options(attribute: TokenStream, place: Place, faults: &mut Faults) -> Options {
    let mut reader = Reader {
        place,
        faults,
        seen: Vec::new(),
        options: Options::default(),
    };
    let read = |input: ParseStream<'_>| {
        while !input.is_empty() {
            reader.option(input);
            reader.separator(input)?;
        }
        Ok(())
    };
    let end = read.parse2(attribute);
    if let Err(error) = end {
        reader.faults.add_syntax(error);
    }
    let mut options = reader.options;
    openai::complete(&mut options, faults);
    concurrency::check(&options, faults);
    options
}

struct Reader<'a> {
    place: Place,
    faults: &'a mut Faults,
    seen: Vec<Key>,
    options: Options,
}

impl Reader<'_> {
    fn option(&mut self, input: ParseStream<'_>) {
        let Ok(name) = input.call(Ident::parse_any) else {
            let found = up_to_comma(input);
            let wrong = format!("expected an option of `{}`", self.place.attribute());
            self.faults.add(found, wrong, self.known());
            return;
        };
        let value = value(input);
        let text = name.to_string();
        let Some(key) = Key::named(&text).filter(|key| self.has(*key)) else {
            self.misplaced_or_unknown(&name, &text);
            return;
        };
        if self.seen.contains(&key) {
            self.faults.add(
                &name,
                format!("the option `{text}` is given twice"),
                "keep one of the two",
            );
            return;
        }
        self.seen.push(key);
        self.set(key, &name, value);
    }

    /// Reads the comma after an option.
    fn separator(&mut self, input: ParseStream<'_>) -> syn::Result<()> {
        if input.peek(Token![;]) {
            let found: Token![;] = input.parse()?;
            self.faults.add(
                found,
                "options are separated by commas",
                "write `,` instead of `;`",
            );
            return Ok(());
        }
        input.parse::<Option<Token![,]>>().map(drop)
    }

    fn has(&self, key: Key) -> bool {
        key.fits(self.place)
    }

    fn known(&self) -> String {
        let place = self.place;
        let names = list(Key::of(place).map(Key::name));
        match place {
            Place::Main => format!(
                "the options of `{}` on `main` are {names}",
                place.attribute()
            ),
            _ => format!("the options of `{}` are {names}", place.attribute()),
        }
    }

    fn misplaced_or_unknown(&mut self, name: &Ident, text: &str) {
        let Some(key) = Key::named(text) else {
            let near = nearest(text, Key::of(self.place).map(Key::name));
            let wrong = match near {
                Some(near) => format!("unknown option `{text}`; did you mean `{near}`?"),
                None => format!("unknown option `{text}`"),
            };
            if near == Some(Key::Stream.name()) {
                // Treated like `stream`, so that no second error says that this option is missing.
                self.options.stream = Some(Given {
                    span: name.span(),
                    value: (),
                });
            }
            self.faults.add(name, wrong, self.known());
            return;
        };
        let example = key.example();
        if self.place.is_hook() || key == Key::TimeoutS {
            let attribute = self.place.attribute();
            self.faults.add(
                name,
                format!("`{text}` is not an option of `{attribute}`"),
                self.known(),
            );
        } else if self.place == Place::Main {
            self.faults.add(
                name,
                format!("`{text}` is an option for handlers, and `main` is not a handler"),
                format!("write it on the handler: `#[runpod::handler({example})]`"),
            );
        } else if key == Key::InitTimeout {
            self.faults.add(
                name,
                format!("`{text}` is an option for `main`, and this attribute is on a handler"),
                format!(
                    "write it on the `main` that creates the state: `#[runpod::main({example})]`"
                ),
            );
        } else {
            self.faults.add(
                name,
                format!("`{text}` is an option for the whole worker, not for one handler"),
                format!("write it on the worker: `#[runpod::main({example})]`"),
            );
        }
    }

    fn set(&mut self, key: Key, name: &Ident, value: Value) {
        let span = name.span();
        let options = &mut self.options;
        let read = match key {
            Key::Stream => given(span, flag(&value), &mut options.stream),
            Key::Name => given(span, text(&value), &mut options.name),
            Key::OpenAi => given(span, openai::route(&value), &mut options.openai),
            Key::Model => given(span, text(&value), &mut options.model),
            Key::ContextWindow => given(span, count(&value), &mut options.context_window),
            Key::Accepts => given(span, text(&value), &mut options.accepts),
            Key::RefreshWorker => given(span, boolean(&value), &mut options.refresh_worker),
            Key::ReturnAggregateStream => {
                given(span, boolean(&value), &mut options.return_aggregate_stream)
            }
            Key::Concurrency
            | Key::ConcurrencyModifier
            | Key::MinConcurrency
            | Key::MaxConcurrency => concurrency::set(&mut options.concurrency, key, name, &value),
            Key::Handler => given(span, path(&value), &mut options.handler),
            Key::Route => given(span, text(&value), &mut options.route),
            Key::MaxConsecutiveFailures => {
                given(span, count(&value), &mut options.max_consecutive_failures)
            }
            Key::WorkerThreads => given(span, count(&value), &mut options.worker_threads),
            Key::InitTimeout => given(span, count(&value), &mut options.init_timeout),
            Key::TimeoutS => given(span, count(&value), &mut options.timeout_s),
            Key::Router => given(span, modifier(&value), &mut options.router),
            Key::Around => given(span, path(&value), &mut options.around),
            Key::Crate => given(span, module(&value), &mut options.root),
            Key::Batch
            | Key::MaxBatchSize
            | Key::MaxWait
            | Key::Weight
            | Key::MaxWeight
            | Key::ConcurrentBatches => batch::set(&mut options.batching, key, name, &value),
        };
        let Err(misfit) = read else { return };
        if key == Key::Stream {
            // Treated like `stream`, so that no second error says that this option is missing.
            options.stream = Some(Given { span, value: () });
        }
        if key == Key::OpenAi {
            // Treated like a route, so that no second error says that this option is missing.
            let value = Route::ChatCompletions;
            options.openai = Some(Given { span, value });
        }
        let found = match value {
            Value::Nothing => quote::quote!(#name),
            Value::Is(found) => quote::quote!(#found),
            Value::Unreadable(found) if found.is_empty() => quote::quote!(#name),
            Value::Unreadable(found) => found,
        };
        let option = key.name();
        let wrong = match misfit {
            Misfit::Kind if key == Key::Name && self.place.is_hook() => {
                format!("the option `{option}` takes a string: the function's name in messages")
            }
            Misfit::Kind => format!("the option `{option}` takes {}", key.value()),
            Misfit::Zero => format!("the option `{option}` must be 1 or more"),
            Misfit::TooLarge => format!("the number is too large for the option `{option}`"),
            Misfit::Empty => format!("the option `{option}` must not be empty"),
        };
        let help = format!("write `{}`", key.example());
        self.faults.add(found, wrong, help);
    }
}

/// Reads an option's value, up to the next comma.
fn value(input: ParseStream<'_>) -> Value {
    if ends(input) {
        return Value::Nothing;
    }
    if input.parse::<Token![=]>().is_err() {
        return Value::Unreadable(up_to_comma(input));
    }
    let ahead = input.fork();
    match ahead.parse::<Expr>() {
        // Skip to the real end of the value, because a path may contain commas, as in `scale::<1, 2>`.
        Ok(_) if ends(&ahead) => match input.parse() {
            Ok(value) => Value::Is(ungrouped(value)),
            Err(_) => Value::Unreadable(up_to_comma(input)),
        },
        _ => Value::Unreadable(up_to_comma(input)),
    }
}

/// Removes the invisible groups around a value that another macro passes on.
fn ungrouped(mut value: Expr) -> Expr {
    while let Expr::Group(group) = value {
        value = *group.expr;
    }
    value
}

/// Returns whether an option ends here. A semicolon counts as a comma.
fn ends(input: ParseStream<'_>) -> bool {
    input.is_empty() || input.peek(Token![,]) || input.peek(Token![;])
}

fn up_to_comma(input: ParseStream<'_>) -> TokenStream {
    let mut skipped = TokenStream::new();
    while !ends(input) {
        let Ok(token) = input.parse::<TokenTree>() else {
            break;
        };
        skipped.extend([token]);
    }
    skipped
}

/// Returns the name that the user probably meant by `text`.
fn nearest(text: &str, names: impl Iterator<Item = &'static str>) -> Option<&'static str> {
    names
        .map(|name| (strsim::jaro_winkler(text, name), name))
        .filter(|(likeness, _)| *likeness > 0.85)
        .max_by(|(a, _), (b, _)| a.total_cmp(b))
        .map(|(_, name)| name)
}
