
# `cargo runpod …` is completed like `cargo-runpod …`. Everything else is left to the completion that `cargo` had before.
_cargo_with_runpod() {
    if [[ ${COMP_CWORD} -ge 2 && ${COMP_WORDS[1]} == runpod ]]; then
        COMP_WORDS=(cargo-runpod "${COMP_WORDS[@]:2}")
        COMP_CWORD=$((COMP_CWORD - 1))
        _cargo_runpod cargo-runpod "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
        return
    fi
    if [[ -z ${_cargo_without_runpod} ]]; then
        # The package bash-completion loads a completion only when it is first needed.
        complete -r cargo 2>/dev/null
        __load_completion cargo 2>/dev/null || _completion_loader cargo 2>/dev/null
        _cargo_without_runpod=$(_cargo_completion)
        _cargo_without_runpod=${_cargo_without_runpod:-none}
        complete -F _cargo_with_runpod -o bashdefault -o default cargo
    fi
    if [[ ${_cargo_without_runpod} != none ]]; then
        "${_cargo_without_runpod}" "$@"
    fi
    if [[ ${COMP_CWORD} -eq 1 && runpod == "${COMP_WORDS[1]}"* ]]; then
        COMPREPLY+=(runpod)
    fi
}

# Prints the function that completes `cargo` at the moment.
_cargo_completion() {
    local words word previous=
    read -r -a words <<<"$(complete -p cargo 2>/dev/null)"
    for word in "${words[@]}"; do
        if [[ ${previous} == -F && ${word} != _cargo_with_runpod && ${word} != _minimal ]]; then
            printf '%s' "${word}"
        fi
        previous=${word}
    done
}

_cargo_without_runpod=$(_cargo_completion)
complete -F _cargo_runpod -o bashdefault -o default cargo-runpod
complete -F _cargo_with_runpod -o bashdefault -o default cargo
