//! Generates the adapter of a handler, which registers the function with the runtime and calls it.

use proc_macro2::{Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::ext::IdentExt as _;
use syn::{Ident, Meta, ReturnType};

use crate::arguments::{Argument, arguments};
use crate::imports::Imports;
use crate::model::{Function, Options};
use crate::paths::{Item, Root, standard};
use crate::places::{self, Place};
use crate::settings::handler_name;
use crate::types::{
    borrowings, gives_nothing, impl_traits, is_emitter, returns_stream, surely_no_emitter,
    surely_no_input, wrapped_emitter,
};
use crate::{batch, openai, unfit};

/// The name of the constant that describes the function, in generated code.
const HANDLER: &str = "__HANDLER";

/// Generates the registration. For `async fn greet(input: Greeting) -> String` it is:
///
/// ```text
/// const __greet: () = {
///     use ::runpod::__private as __rp;
///     use __rp::ReturnedValue as _;
///     const __HANDLER: __rp::Function = __rp::Function::new("greet", file!(), line!(), || __rp::FunctionId::of(&greet));
///     __rp::submit!(__HANDLER.asynchronous(&[..], |__rp_call| { .. }));
/// };
/// ```
pub(crate) fn of(function: &Function, options: &Options, root: &Root) -> TokenStream {
    let here = places::name(function);
    let shared = shared_attributes(function);
    let statements = statements(function, options, root);
    // The constant has a name because a `const _` in an `impl` would be an extra error. There, the compiler already
    // reports that it cannot find the function's name, and that one error is enough. The constant's name keeps the
    // function's case, because `ADD` and `add` are two functions.
    let block = format_ident!("__{}", function.signature.ident.unraw(), span = here);
    quote_spanned!(here=> #shared const #block: () = { #statements };)
}

/// Generates the import, the description of the function, and its registration with the call.
pub(crate) fn statements(function: &Function, options: &Options, root: &Root) -> TokenStream {
    let here = places::name(function);
    let mut import = root.import(Item::ReturnedValue);
    if options.batching.batch.is_some() {
        let list = Item::ReturnedList.path(here);
        import.extend(quote_spanned!(here=> use #list as _;));
    }
    let constant = constant(here);
    let (submit, description) = (Item::Submit.path(here), Item::Function.path(here));
    let name = handler_name(options, function);
    // The span is not `here`: with the span of macro code, `file!()` and `line!()` would report the line of the
    // attribute.
    let (file, line) = standard::place(function.signature.ident.span());
    // This name has the same span as the name in the generated call, so that the compiler reports a missing function
    // only once.
    let called = Place::of(&function.signature.ident).start;
    let id = id(places::function_name(function, called), here);
    let kind = Ident::new(kind_of(function, options).constructor(), here);
    let arguments = arguments(function);
    let described = arguments.iter().map(|argument| {
        let (conditions, ty) = (&argument.conditions, argument.ty);
        let from_job = argument_trait(options).0.path(argument.span);
        quote_spanned!(argument.span=> #(#conditions)* <#ty as #from_job<_>>::describe)
    });
    let batching = options.batching.batch.as_ref();
    let batching = batching.map(|_| {
        let options = batch::options(function, options);
        quote_spanned!(here=> #options,)
    });
    let call = call(function, options, &arguments);
    let schemas = cfg!(feature = "schema").then(|| schemas(function, options, &arguments));
    let openai = openai::registered(function, options);
    quote_spanned! {here=>
        #import
        const #constant: #description = #description::new(#name, #file, #line, #id);
        #submit!(#constant.#kind(#batching &[#(#described),*], #call) #schemas #openai);
    }
}

/// Generates the type checks of a registration for a function that is not registered because of other faults. With
/// them, the compiler reports all faults at once.
pub(crate) fn questions(function: &Function, options: &Options, root: &Root) -> TokenStream {
    let here = places::name(function);
    let mut arguments = arguments(function);
    // The arguments that already have an error are left out.
    let imports = Imports::beside(&function.signature.ident);
    arguments.retain(|it| {
        borrowings(it.ty).is_empty()
            && impl_traits(it.ty).is_empty()
            && wrapped_emitter(it.ty).is_none()
            && unfit::argument(it.ty, &imports, root).is_none()
    });
    if arguments.is_empty() || !function.signature.generics.params.is_empty() {
        return TokenStream::new();
    }
    let shared = shared_attributes(function);
    let import = root.door();
    let checks = checks(function, options, &arguments);
    let asked = arguments.iter().map(|argument| {
        let (conditions, ty) = (&argument.conditions, argument.ty);
        let from_job = argument_trait(options).0.path(argument.span);
        quote_spanned!(argument.span=> #(#conditions)* let _ = <#ty as #from_job<_>>::describe;)
    });
    quote_spanned! {here=>
        #shared
        const _: fn() = || {
            #import
            #(#asked)*
            #checks
        };
    }
}

/// Returns the name of the constant that describes the function in [`statements`].
pub(crate) fn constant(span: Span) -> Ident {
    Ident::new(HANDLER, span)
}

/// Returns `|| __rp::FunctionId::of(&greet)`.
pub(crate) fn id(function: impl quote::ToTokens, span: Span) -> TokenStream {
    let function_id = Item::FunctionId.path(span);
    quote_spanned!(span=> || #function_id::of(&#function))
}

/// Returns the attributes that generated items share with their function: its `cfg` conditions and the lints that it
/// allows.
pub(crate) fn shared_attributes(function: &Function) -> TokenStream {
    let conditions = function.attributes_named(&["cfg"]);
    let excuses = function
        .attributes_named(&["allow", "expect"])
        .into_iter()
        .filter_map(|attribute| match &attribute.meta {
            Meta::List(list) => Some(&list.tokens),
            _ => None,
        });
    let here = Span::mixed_site();
    let excuses = excuses.map(|lints| quote_spanned!(here=> #[allow(#lints)]));
    let deprecated = !function.attributes_named(&["deprecated"]).is_empty();
    let named_all_the_same = deprecated.then(|| quote_spanned!(here=> #[allow(deprecated)]));
    quote!(#(#conditions)* #(#excuses)* #named_all_the_same)
}

#[derive(Debug, Clone, Copy)]
enum Kind {
    Async,
    Blocking,
    Stream,
    /// A batch handler: a plain `fn` or an `async fn`.
    Batch,
    AsyncBatch,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::Async => "Async",
            Self::Blocking => "Blocking",
            Self::Stream => "Stream",
            Self::Batch => "Batch",
            Self::AsyncBatch => "AsyncBatch",
        }
    }

    /// The name of the registration's constructor.
    fn constructor(self) -> &'static str {
        match self {
            Self::Async => "asynchronous",
            Self::Blocking => "blocking",
            Self::Stream => "streaming",
            Self::Batch | Self::AsyncBatch => "batching",
        }
    }
}

/// Returns the trait that a handler's arguments implement, and its function that creates an argument from a job.
fn argument_trait(options: &Options) -> (Item, &'static str) {
    if options.batching.batch.is_some() {
        (Item::BatchArgument, "part")
    } else {
        (Item::FromJob, "from_job")
    }
}

fn kind_of(function: &Function, options: &Options) -> Kind {
    if options.batching.batch.is_some() {
        return match &function.signature.asyncness {
            Some(_) => Kind::AsyncBatch,
            None => Kind::Batch,
        };
    }
    match (&options.stream, &function.signature.asyncness) {
        (Some(_), _) => Kind::Stream,
        (None, Some(_)) => Kind::Async,
        (None, None) => Kind::Blocking,
    }
}

/// Generates the adapter. The adapter creates each argument through its type, and never inspects the type's tokens:
///
/// ```text
/// |call| {
///     let input = <Greeting as __rp::FromJob<_>>::from_job(#call)?;
///     __rp::Async::run(
///         greet(input),
///         |__rp_it| __rp::Returned(__rp_it)
///             .__rp_flat(__rp::IntoFailure::into_failure, __rp::IntoFailure::into_failure)
///             .__rp_output(__rp::HandlerValue::into_json, __rp::IntoFailure::into_failure),
///     )
/// }
/// ```
///
/// The code names traits instead of calling functions with trait bounds. If a type does not fit, a bound would make
/// the compiler show a function of the runtime, which does not help the user.
fn call(function: &Function, options: &Options, arguments: &[Argument<'_>]) -> TokenStream {
    let here = places::name(function);
    let checks = checks(function, options, arguments);
    let parameter = call_name(arguments.is_empty(), here);
    let made = arguments.iter().map(|argument| {
        let call = call_name(false, argument.span);
        let Argument {
            conditions,
            ty,
            variable,
            span,
        } = argument;
        let (item, create) = argument_trait(options);
        let (from_job, create) = (item.path(*span), Ident::new(create, *span));
        quote_spanned! {*span=>
            #(#conditions)* let #variable = <#ty as #from_job<_>>::#create(#call)?;
        }
    });
    let passed: Vec<_> = arguments.iter().map(Argument::passed).collect();
    let validate = (cfg!(feature = "validate") && !arguments.is_empty()).then(|| {
        let validate = Item::Validate.path(here);
        quote_spanned!(here=> #validate!(#(#passed),*);)
    });
    let running = match options.batching.batch {
        Some(_) => batch::joining(function, options, arguments),
        None => running(function, options, &passed),
    };
    quote_spanned! {here=>
        |#parameter| {
            #checks
            #(#made)*
            #validate
            #running
        }
    }
}

/// Returns the adapter's parameter. All names that generated code binds start with `__`: if the user has a `static` or
/// `const` with the same name, the pattern refers to that item, and hygiene does not prevent it.
pub(crate) fn call_name(unused: bool, span: Span) -> Ident {
    Ident::new(if unused { "_" } else { "__rp_call" }, span)
}

/// Generates checks of the rules that cannot be decided from the names of the types. A usual signature needs no such
/// checks.
fn checks(function: &Function, options: &Options, arguments: &[Argument<'_>]) -> TokenStream {
    let mut checks = TokenStream::new();
    let inputs: Vec<_> = arguments
        .iter()
        .filter(|argument| !surely_no_input(argument.ty))
        .collect();
    for (index, second) in inputs.iter().enumerate() {
        for first in &inputs[..index] {
            let conditions = first.conditions.iter().chain(&second.conditions);
            let (one, other) = (first.ty, second.ty);
            let from_job = argument_trait(options).0.path(second.span);
            let ask = Item::Ask.path(second.span);
            let check = Item::Beside.function("check", Place::of(other));
            checks.extend(quote_spanned! {second.span=>
                #(#conditions)*
                #ask((<#other as #from_job<_>>::VIA, <#one as #from_job<_>>::VIA), #check);
            });
        }
    }
    let may_emit = arguments
        .iter()
        .any(|argument| !surely_no_emitter(argument.ty));
    let named = arguments.iter().any(|argument| is_emitter(argument.ty));
    let Some(stream) = &options.stream else {
        return checks;
    };
    if gives_nothing(&function.signature.output) && may_emit && !named {
        let at = places::result(function);
        let place = match &function.signature.output {
            ReturnType::Type(_, ty) => Place::of(ty),
            ReturnType::Default => Place::of(Ident::new("stream", stream.span)),
        };
        let from_job = Item::FromJob.path(at);
        let vias = arguments
            .iter()
            .rev()
            .fold(quote_spanned!(at=> ()), |rest, argument| {
                let (conditions, ty) = (&argument.conditions, argument.ty);
                if conditions.is_empty() {
                    quote_spanned!(at=> (<#ty as #from_job<_>>::VIA, #rest))
                } else {
                    // The argument's `cfg` attributes may remove it, so it is not in the list.
                    rest
                }
            });
        let check = Item::Emits.function("check", place);
        let ask = Item::Ask.path(at);
        checks.extend(quote_spanned!(at=> #ask(#vias, #check);));
    }
    checks
}

/// Generates `Async::run(..)`, `Blocking::run(..)` or `IntoItems::run(..)`.
fn running(function: &Function, options: &Options, passed: &[TokenStream]) -> TokenStream {
    let result = places::result(function);
    let ident = Place::of(&function.signature.ident);
    // The compiler reports an `async fn` that is not `Send` at the call, which has the span of the name.
    let name = places::function_name(function, ident.start);
    // The name is in parentheses, like in the description: if the function is missing, both errors are identical, and
    // the compiler shows only one.
    let called = quote_spanned!(ident.start=> (#name)(#(#passed),*));
    let (value, error) = places::value_and_error(function);
    let returned = Item::Returned.path(result);
    let into_json = openai::value_trait(options).function("into_json", value);
    let into_failure = Item::IntoFailure.function("into_failure", error);
    let convert = quote_spanned!(result=> |__rp_it| #returned(__rp_it)
        .__rp_flat(#into_failure, #into_failure)
        .__rp_output(#into_json, #into_failure));
    match kind_of(function, options) {
        Kind::Async => {
            let run = Item::Async.function("run", ident);
            quote_spanned!(result=> #run(#called, #convert))
        }
        Kind::Blocking | Kind::Batch | Kind::AsyncBatch => {
            let run = Item::Blocking.function("run", ident);
            quote_spanned!(result=> #run(move || #called, #convert))
        }
        Kind::Stream => {
            let whole = places::whole_result(function);
            let failure = Item::IntoFailure.function("into_failure", places::error(function));
            let (items, called) = if function.signature.asyncness.is_some() {
                let later = Item::Async.function("later", ident);
                (Item::AwaitedItems, quote_spanned!(result=> #later(#called)))
            } else if returns_stream(&function.signature.output) {
                let boxed = Item::SendStream.function("boxed", ident);
                let called = quote_spanned!(result=> #boxed(#called));
                (Item::IntoItems, called)
            } else {
                (Item::IntoItems, called)
            };
            let run = items.function("run", whole);
            quote_spanned!(whole.start=> #run(move || #called, #convert, #failure))
        }
    }
}

/// Generates `.with_schemas(schemas!(Async greet(Greeting, JobContext)))`.
fn schemas(function: &Function, options: &Options, arguments: &[Argument<'_>]) -> TokenStream {
    let here = places::name(function);
    let schemas = Item::Schemas.path(here);
    let kind = Ident::new(kind_of(function, options).name(), here);
    // This name has the same span as the name in the generated call (`running`), and the macro puts it into
    // parentheses like the call does. If the function is missing, both errors are then identical, and the compiler
    // shows only one.
    let name = places::function_name(function, Place::of(&function.signature.ident).start);
    let types = arguments.iter().map(|argument| {
        let (conditions, ty) = (&argument.conditions, argument.ty);
        quote!(#(#conditions)* #ty)
    });
    quote_spanned!(here=> .with_schemas(#schemas!(#kind #name(#(#types),*))))
}
