
# `cargo runpod …` is completed like `cargo-runpod …`.
function __cargo_runpod_complete
    set -l words (commandline -opc)
    set -e words[1..2]
    complete -C "cargo-runpod "(string join ' ' -- (string escape -- $words) (commandline -ct))
end
complete -c cargo -n 'test (count (commandline -opc)) -ge 2; and test (commandline -opc)[2] = runpod' -f -a '(__cargo_runpod_complete)'
complete -c cargo -n 'test (count (commandline -opc)) -eq 1' -a runpod -d 'Create, run, call and pack Runpod Serverless workers'
