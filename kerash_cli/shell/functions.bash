# The functions of kerash for bash 4.4 or later. kerash_cli/shell/service.py describes how they ask the coprocess.

function _kerash_start {
  local -; set +eu
  local pid=$BASHPID  # of the shell, not of the command substitution below
  local -a hello
  _kerash_service='' _kerash_sinks=()
  [[ -d /proc/self/fd ]] || return 1
  IFS=' ' read -r -a hello <<<"$(command kerash shell-answer --serve "$pid")"
  (( ${#hello[@]} == 3 )) || return 1
  _kerash_service=${hello[0]}
  _kerash_tokens=/proc/$_kerash_service/fd/${hello[1]} _kerash_questions=/proc/$_kerash_service/fd/${hello[2]}
}

# Asks NAME KIND WORD…: the answer goes to standard output, or to _kerash_text if _kerash_takes is set, and an error
# message to standard error.
function _kerash_ask {
  local -; set +eu
  local IFS=$'\x1f' LC_ALL=C
  local token='' head='' piece path answer reference question="$*"
  local -i rest code=0
  IFS=''
  # No descriptor of the coprocess stays open here, since every program that this shell starts would inherit it.
  if [[ -n $_kerash_service && $question != *$'\x1e'* && "$*" != *$'\x1f'* ]]; then
    [[ -e $_kerash_tokens || $BASHPID != "$$" ]] || _kerash_start
    { read -r -N 1 -t 0.1 token <"$_kerash_tokens"; } 2>/dev/null  # its status depends on the timing
  fi
  if [[ -n $token ]]; then
    printf -v path '/proc/%s/fd/%d' "$_kerash_service" "'$token"
  fi
  if [[ -z $token || ! -e $path ]] || ! exec {answer}<"$path"; then
    _kerash_process "$@"
    return
  fi
  if (( ${#question} < 4000 )); then
    { printf '%s' "$token$BASHPID"$'\x1f'"$question"$'\x1e' 1<>"$_kerash_questions"; } 2>/dev/null
    read -r -N 16 -u "$answer" head
  else
    exec {reference}<<<"$question"$'\x1e'
    { printf '%s' "$token$BASHPID"$'\x1f@'"$reference"$'\x1e' 1<>"$_kerash_questions"; } 2>/dev/null
    read -r -N 16 -u "$answer" head
    exec {reference}<&-
  fi
  if [[ -z $head || $head == 255* ]]; then
    exec {answer}<&-
    _kerash_process "$@"
    return
  fi
  rest=10#${head:3} piece=''
  if (( rest <= 1024 )); then
    read -r -N "$rest" -u "$answer" piece
    rest=$(( rest - ${#piece} ))
  fi
  if [[ $head != 000* ]]; then
    { printf '%s' "$piece"; (( rest )) && command cat <&"$answer"; } >&2
  elif (( _kerash_takes )); then
    (( rest )) && piece=$(command cat <&"$answer")
    _kerash_text=$piece
  elif (( rest )); then
    command cat <&"$answer" 2>/dev/null || code=$?
  elif [[ -n $piece ]]; then
    printf '%s' "$piece" 2>/dev/null || code=$?
  fi
  exec {answer}<&-
  (( code )) && { _kerash_unwritten "$1" "$code"; return; }
  if (( rest )) && [[ ! -e $_kerash_tokens ]]; then
    _kerash_fail "$1" "the coprocess ended before it had answered; try again"
    return
  fi
  return "$(( 10#${head:0:3} ))"
}

# Asks NAME KIND WORD… and sets _kerash_text to the answer.
function _kerash_take {
  local -i _kerash_takes=1
  _kerash_text=''
  _kerash_ask "$@"
}

function _kerash_unwritten {
  (( $2 == 141 )) && return 141
  if [[ -e /proc/$BASHPID/fd/1 ]]; then
    _kerash_fail "$1" "standard output can't be written; is there space left?"
    return 3
  fi
  _kerash_fail "$1" "standard output is closed; try > /dev/null"
}

# Asks for a tensor, and puts it into _kerash_sizes and _kerash_values, which the caller declares. Whole numbers lose
# their ".0", so that the arithmetic of bash can read them.
function _kerash_read {
  local -; set +eu
  local _kerash_text
  _kerash_take "$@" || return
  mapfile -t _kerash_values <<<"${_kerash_text%$'\n'}"
  IFS=' ' read -r -a _kerash_sizes <<<"${_kerash_values[0]}"
  _kerash_values=( "${_kerash_values[@]:1}" )
  _kerash_values=( "${_kerash_values[@]%.0}" )
}

# Loads a matrix or a tensor ($2) for function $1 into the variables named by $4 and later words, or else by $3.
function _kerash_load {
  local -; set +eu
  local LC_ALL=C IFS
  local -a _kerash_names _kerash_sizes _kerash_values
  local _kerash_name
  local -i _kerash_i=0
  IFS=' ' read -r -a _kerash_names <<<"$3"
  if (( $# > 3 )); then
    if (( $# - 3 != ${#_kerash_names[@]} )); then
      _kerash_fail "$1" "expected no words, or ${#_kerash_names[@]} names of variables, got $(( $# - 3 )); try $1 $3"
      return
    fi
    _kerash_names=( "${@:4}" )
  fi
  for _kerash_name in "${_kerash_names[@]}"; do
    if [[ $_kerash_name != [A-Za-z_]* || $_kerash_name == *[^A-Za-z0-9_]* || $_kerash_name == @(_kerash_|BASH)* ||
          ${!_kerash_name@a} == *[Ainr]* ]]; then
      printf -v _kerash_name '%q' "$_kerash_name"
      _kerash_fail "$1" "expected the name of a variable that may be set, got $_kerash_name"
      return
    fi
  done
  _kerash_read "$1" load "$2" || return
  for _kerash_name in "${_kerash_names[@]}"; do
    if (( _kerash_i < ${#_kerash_names[@]} - 1 )); then
      printf -v "$_kerash_name" '%s' "${_kerash_sizes[_kerash_i++]}"
    elif (( ${#_kerash_values[@]} )); then
      IFS=$'\n'
      mapfile -t "$_kerash_name" <<<"${_kerash_values[*]}"
    else
      mapfile -t "$_kerash_name" </dev/null
    fi
  done
}

# Splits F ($1) into _kerash_words, which the caller declares. True if kerash itself computes F or reports that it does
# not exist: no word is a function of the script, and the last one is in the list $2 or the first one is not a command.
function _kerash_is_own {
  local -; set +eu
  local word
  IFS=$' \t\n' read -r -a _kerash_words <<<"$1"
  for word in "${_kerash_words[@]}"; do
    ! declare -F -- "$word" >/dev/null 2>&1 || [[ $(declare -f -- "$word") == *_kerash_* ]] || return 1
  done
  (( ${#_kerash_words[@]} )) || return 0
  word=${_kerash_words[-1]#activ_}
  word=${word#d_}
  [[ " $2 " == *" ${word%%:*} "* ]] || ! type -t -- "${_kerash_words[0]}" >/dev/null
}

declare -gA _kerash_sinks
