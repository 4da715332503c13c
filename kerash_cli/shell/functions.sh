# The functions of kerash for both zsh and bash. Those that call functions of the script leave its options unchanged,
# and their own variables have names that the script does not use.

# Asks NAME KIND WORD… of a new process instead of the coprocess.
function _kerash_process {
  case $2 in
    matrix|tensor) set -- "${@:2}" ;;
    *) set -- shell-answer -- "$@" ;;
  esac
  if (( ${_kerash_takes:-0} )); then
    _kerash_text=$(_kerash_run "$@")
  else
    _kerash_run "$@"
  fi
}

function _kerash_run {
  local code=0
  KERASH_MOUNTPOINT=${_kerash_chosen:-${KERASH_MOUNTPOINT-}} command kerash "$@" || code=$?
  (( code != 2 )) || code=1
  return "$code"
}

function _kerash_fail {
  printf 'Error: %s: %s\n' "$1" "$2" >&2
  return 1
}

function matrix_load { _kerash_load matrix_load matrix "width height array" "$@"; }
function tensor_load { _kerash_load tensor_load tensor "width height depth array" "$@"; }

# Functions that call a command F of the script. What F prints goes to a file, and is checked as a whole. Only the
# coprocess has that file; without a coprocess, it is a temporary file.

# Sets _kerash_sink to the file for what F prints, a different one for each process and depth of calls.
function _kerash_open_sink {
  local key=${BASHPID-${sysparams[pid]-}}.$_kerash_depth
  _kerash_sink=${_kerash_sinks[$key]-}
  [[ -z $_kerash_sink ]] || return 0
  _kerash_take "$1" sink || return
  _kerash_sink=${_kerash_text%$'\n'}
  [[ $_kerash_sink != /proc/* ]] || _kerash_sinks[$key]=$_kerash_sink
}

# Prints what F printed: $2 numbers, as a tensor if its sizes follow in $3 to $5.
function _kerash_collect {
  local code=0
  _kerash_ask "$1" collect "${@:2}" < "$_kerash_sink" || code=$?
  [[ $_kerash_sink == /proc/* ]] || command rm -f -- "$_kerash_sink"
  return "$code"
}

# Sets _kerash_text to part $3 of _kerash_values, counted from 0, as a matrix of width $1 and height $2.
function _kerash_part {
  local -i _kerash_size=$(( $1 * $2 )) _kerash_from=$(( $3 * $1 * $2 ))
  printf -v _kerash_text '%s\n' "$1 $2 1" "${_kerash_values[@]:$_kerash_from:$_kerash_size}"
  _kerash_text=${_kerash_text%$'\n'}
}

function _kerash_apply {
  local -a _kerash_words _kerash_sizes _kerash_values
  local _kerash_sink _kerash_value
  local -i _kerash_depth=$(( ${_kerash_depth:-0} + 1 ))
  if (( $# < 3 )) || _kerash_is_own "$3" "$_kerash_activations"; then
    _kerash_ask "$1" "$2" apply "${@:3}"
    return
  fi
  _kerash_read "$1" load "$2" || return
  _kerash_open_sink "$1" || return
  for _kerash_value in "${_kerash_values[@]}"; do
    "${_kerash_words[@]}" "$_kerash_value" || :
  done >| "$_kerash_sink"
  _kerash_collect "$1" "${#_kerash_values[@]}" "${_kerash_sizes[@]}"
}

function matrix_apply { _kerash_apply matrix_apply matrix "$@"; }
function tensor_apply { _kerash_apply tensor_apply tensor "$@"; }

function tensor_reduce {
  local -a _kerash_words _kerash_sizes _kerash_values
  local _kerash_value _kerash_result=
  if (( $# < 1 )) || _kerash_is_own "$1" "$_kerash_folds"; then
    _kerash_ask tensor_reduce tensor reduce "$@"
    return
  fi
  _kerash_read tensor_reduce load tensor || return
  for _kerash_value in "${_kerash_values[@]}"; do
    if [[ -z $_kerash_result ]]; then
      _kerash_result=$_kerash_value
    else
      _kerash_result=$("${_kerash_words[@]}" "$_kerash_result" "$_kerash_value") || :
      [[ -n $_kerash_result ]] || break
    fi
  done
  _kerash_ask tensor_reduce largest "$_kerash_result"
}

function tensor_apply_convolution {
  local -a _kerash_words _kerash_sizes _kerash_values _kerash_kernels
  local _kerash_sink _kerash_text _kerash_kernel
  local -i _kerash_depth=$(( ${_kerash_depth:-0} + 1 )) _kerash_i=0
  if (( $# < 5 )) || _kerash_is_own "$5" "$_kerash_pairings"; then
    _kerash_ask tensor_apply_convolution tensor apply-convolution "$@"
    return
  fi
  _kerash_read tensor_apply_convolution load tensor 4 || return
  set -- "$1" "$2" "$3" "$4" "${_kerash_sizes[@]}"
  _kerash_kernels=()
  for (( ; _kerash_i < $7; _kerash_i++ )); do
    _kerash_part "$5" "$6" "$_kerash_i"
    _kerash_kernels+=( "$_kerash_text" )
  done
  _kerash_read tensor_apply_convolution tensor windows "$1" "$2" "$3" "$4" "$5" "$6" /dev/fd/3 || return
  _kerash_open_sink tensor_apply_convolution || return
  _kerash_i=0
  for _kerash_kernel in "${_kerash_kernels[@]}"; do
    while
      _kerash_part "$5" "$6" "$_kerash_i"
      "${_kerash_words[@]}" 3<<<"$_kerash_kernel" 4<<<"$_kerash_text" || :
      (( ++_kerash_i % ($3 * $4) ))
    do :; done
  done >| "$_kerash_sink"
  _kerash_collect tensor_apply_convolution "$_kerash_i"
}

function tensor_apply_convreduce {
  local -a _kerash_words _kerash_sizes _kerash_values
  local _kerash_sink _kerash_text
  local -i _kerash_depth=$(( ${_kerash_depth:-0} + 1 )) _kerash_i=0
  if (( $# < 6 )) || _kerash_is_own "$6" "$_kerash_folds"; then
    _kerash_ask tensor_apply_convreduce tensor apply-convreduce "$@" /dev/fd/3
    return
  fi
  _kerash_read tensor_apply_convreduce tensor windows "$1" "$2" "$3" "$4" "$5" "$5" /dev/fd/3 || return
  _kerash_open_sink tensor_apply_convreduce || return
  set -- "${_kerash_sizes[@]}"
  for (( ; _kerash_i < $3; _kerash_i++ )); do
    _kerash_part "$1" "$2" "$_kerash_i"
    "${_kerash_words[@]}" <<<"$_kerash_text" || :
  done >| "$_kerash_sink"
  _kerash_collect tensor_apply_convreduce "$3"
}

# Operations on files.

function matrix_resize {
  (( $# == 3 )) || { _kerash_fail matrix_resize "expected W H FILE, got $# words"; return; }
  _kerash_ask matrix_resize matrix resize -o "$3" -- "$1" "$2" "$3"
}

function matrix_add_inplace {
  (( $# == 3 )) || { _kerash_fail matrix_add_inplace "expected A B OUT, got $# words"; return; }
  if [[ -e $1 ]]; then
    _kerash_ask matrix_add_inplace matrix add -o "$3" -- "$1" "$2"
  else
    _kerash_ask matrix_add_inplace matrix load -o "$3" -- "$2"
  fi
}

function cost_mse { _kerash_ask cost_mse matrix cost-mse --batch "${3-1}" -- "${1-}" "${2-}"; }
function cost_d_mse { _kerash_ask cost_d_mse matrix cost-d-mse -- "${1-}" "${2-}"; }

# Scalars.

function activation_exists { [[ "${1-}" != *[[:space:]]* && " $_kerash_activations " == *" ${1-} "* ]]; }
function g_max { _kerash_ask g_max largest "${1-}" "${2-}"; }

# Folders and names. Each function finds them anew, because the script may change folders, and mountpoints come and go.

function _kerash_locate {
  [[ ${MOUNTPOINT-} == "$_kerash_root" ]] || _kerash_chosen=${MOUNTPOINT-}
  if [[ -n $_kerash_chosen${KERASH_MOUNTPOINT-} ]]; then
    _kerash_root=${_kerash_chosen:-$KERASH_MOUNTPOINT}
  elif [[ -e ./kerash_mountpoint || -L ./kerash_mountpoint ]]; then
    _kerash_root=./kerash_mountpoint
  elif [[ -d /dev/shm ]]; then
    _kerash_root=/dev/shm/kerash-$UID
  else
    _kerash_root=${TMPDIR:-/tmp}/kerash-$UID
  fi
  MOUNTPOINT=$_kerash_root MAT=$_kerash_root/mat MODEL=$_kerash_root/model
}

# Makes the scratch folder of the shell, which the coprocess keeps until the shell ends.
function _kerash_hold {
  _kerash_locate
  _kerash_ask "$1" hold "$MOUNTPOINT" "$$"
}

function _kerash_name {
  [[ -n ${2-} && $2 != *[!A-Za-z0-9._-]* ]] ||
    _kerash_fail "$1" "expected a name of letters, digits, dots, underscores and hyphens"
}

function tmp_name {
  _kerash_name tmp_name "${1-}" && _kerash_hold tmp_name && printf '%s\n' "$MAT/$$/tmp/$1.dat"
}

function predict_name {
  _kerash_name predict_name "${1-}" && _kerash_name predict_name "${2-}" && _kerash_hold predict_name &&
    printf '%s\n' "$MAT/$$/$1_$2.dat"
}

function free_matrix {
  _kerash_locate
  _kerash_name free_matrix "${1-}" && command rm -f -- "$MAT/$1.mat"
}

# Networks.

function init_fs {
  local code=0
  _kerash_run init-fs "$@" || code=$?
  _kerash_locate
  return "$code"
}

function end_fs {
  local code=0
  { _kerash_ask end_fs release && _kerash_run end-fs -q; } || code=$?
  _kerash_locate
  return "$code"
}

function store_model { _kerash_locate; _kerash_run store-model -q --force -- "$@"; }

function create_genome {
  _kerash_locate
  if [[ ${2-} == "$MODEL"/*.model && ! -e $2 ]]; then  # it is in another mountpoint, which had room
    set -- "$1" "${2##*/}" "${@:3}"
    set -- "$1" "${2%.model}" "${@:3}"
  fi
  _kerash_run create-genome -q --force -- "$@"
}

function fit { _kerash_locate; _kerash_run fit -- "$@"; }
function evolve_from_scratch { _kerash_locate; _kerash_run evolve --force -- "$@"; }

function predict {
  [[ -n ${gen_id-} ]] || { _kerash_fail predict "expected the name of a genome in gen_id, got none"; return; }
  _kerash_hold predict && _kerash_run predict --layers "$MAT/$$" -q -- "$gen_id" "${1-}" >/dev/null
}

function evolve_from_model {
  (( $# == 4 )) || { _kerash_fail evolve_from_model "expected GENOME NAME POPULATION GENERATIONS, got $# words"; return; }
  _kerash_hold evolve_from_model && _kerash_process evolve_from_model samples "$1" "$2" "$MAT/$$/tmp" || return
  set -- "$2" "$3" "$4" "$MAT/$$/tmp"
  _kerash_run evolve --force --from "$4/start.model" -- '?' '?' "$1" "$4/data.npy" "$4/label.npy" "$2" "$3"
}

# When the functions are loaded.

[[ -n ${_kerash_root-} ]] || MOUNTPOINT='' _kerash_root='' _kerash_chosen=''
[[ -n ${_kerash_service-} && ${_kerash_owner-} == "$$" && -d /proc/$_kerash_service ]] || _kerash_start || :
_kerash_owner=$$
_kerash_locate
