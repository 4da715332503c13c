# The functions of kerash for zsh. kerash_cli/shell/service.py describes how they ask the coprocess.

zmodload zsh/system zsh/mathfunc zsh/parameter

function _kerash_start {
  emulate -LR zsh
  local pid=$sysparams[pid]  # of the shell, not of the command substitution below
  local -a hello
  local IFS=$' \n'
  _kerash_service= _kerash_sinks=()
  [[ -d /proc/self/fd ]] || return 1
  hello=( $(command kerash shell-answer --serve $pid) )
  (( $#hello == 3 )) || return 1
  sysopen -r -o cloexec -u _kerash_tokens /proc/$hello[1]/fd/$hello[2] || return 1
  sysopen -rw -o cloexec -u _kerash_questions /proc/$hello[1]/fd/$hello[3] || return 1
  _kerash_service=$hello[1]
}

# Asks NAME KIND WORD…: the answer goes to standard output, or to _kerash_text if _kerash_takes is set, and an error
# message to standard error. This is a single function, since calling another one would double the time.
function _kerash_ask {
  emulate -LR zsh -o no_multibyte
  local token head piece question="${(pj:\x1f:)@}" asker=$sysparams[pid]$'\x1f'
  integer answer reference rest size code=0 to=1
  if [[ -n $_kerash_service && $question != *$'\x1e'* && "${(j::)@}" != *$'\x1f'* ]]; then
    sysread -s 1 -t 0.1 -i $_kerash_tokens token || code=$?
    if (( code == 5 )) || [[ -n $token && ! -e /proc/$_kerash_service/fd/$(( #token )) ]]; then  # the coprocess is gone
      token=
      (( ZSH_SUBSHELL )) || { _kerash_start && sysread -s 1 -i $_kerash_tokens token; }
    fi
  fi
  if [[ -z $token ]] || ! sysopen -r -o cloexec -u answer /proc/$_kerash_service/fd/$(( #token )); then
    _kerash_process "$@"
    return
  fi
  code=0
  if (( $#question < 4000 )); then
    syswrite -o $_kerash_questions $token$asker$question$'\x1e'
    sysread -s 16 -i $answer head
  else
    exec {reference}<<<$question$'\x1e'
    syswrite -o $_kerash_questions $token$asker@$reference$'\x1e'
    sysread -s 16 -i $answer head
    exec {reference}<&-
  fi
  if [[ -z $head || $head == 255* ]]; then
    exec {answer}<&-
    _kerash_process "$@"
    return
  fi
  rest=$head[4,-1]
  [[ $head == 000* ]] || to=2
  while (( rest > 0 && ! code )); do
    if (( to == 1 && _kerash_takes )); then
      sysread -s 65536 -c size -i $answer piece && _kerash_text+=$piece
    else
      sysread -s $(( rest < 65536 ? rest : 65536 )) -c size -i $answer -o $to
    fi
    code=$?
    (( code )) && syserror -e piece
    rest=$(( rest - size ))
  done
  exec {answer}<&-
  case $code in
    0) return $head[1,3] ;;
    3) _kerash_unwritten $1 "$piece" ;;
    *) _kerash_fail $1 "the coprocess ended before it had answered; try again" ;;
  esac
}

# Asks NAME KIND WORD… and sets _kerash_text to the answer.
function _kerash_take {
  emulate -LR zsh
  integer _kerash_takes=1
  _kerash_text=
  _kerash_ask "$@"
}

function _kerash_unwritten {
  local closed full pipe
  syserror -e closed EBADF
  syserror -e full ENOSPC
  syserror -e pipe EPIPE
  case $2 in
    $pipe) return 141 ;;
    $full) _kerash_fail $1 "standard output: $2" || return 3 ;;
    $closed) _kerash_fail $1 "standard output is closed; try > /dev/null" ;;
    *) _kerash_fail $1 "standard output: $2" ;;
  esac
}

# Asks for a tensor, and puts it into _kerash_sizes and _kerash_values, which the caller declares.
function _kerash_read {
  emulate -LR zsh
  local _kerash_text
  _kerash_take "$@" || return
  _kerash_values=( ${(f)_kerash_text} )
  _kerash_sizes=( ${(s: :)_kerash_values[1]} )
  shift _kerash_values
}

# Loads a matrix or a tensor ($2) for function $1 into the variables named by $4 and later words, or else by $3.
function _kerash_load {
  emulate -LR zsh
  local -a _kerash_names _kerash_sizes _kerash_values
  local _kerash_name
  _kerash_names=( ${(s: :)3} )
  if (( $# > 3 )); then
    if (( $# - 3 != $#_kerash_names )); then
      _kerash_fail "$1" "expected no words, or ${#_kerash_names} names of variables, got $(( $# - 3 )); try $1 ${3}"
      return
    fi
    _kerash_names=( "${@:4}" )
  fi
  for _kerash_name in "${_kerash_names[@]}"; do
    if [[ $_kerash_name != [A-Za-z_]* || $_kerash_name == *[^A-Za-z0-9_]* || $_kerash_name == _kerash_* ||
          ( $_kerash_name != _ && ${(Pt)_kerash_name} == *(readonly|special)* ) ]]; then
      _kerash_fail "$1" "expected the name of a variable that may be set, got ${(qqqq)_kerash_name}"
      return
    fi
  done
  _kerash_read "$1" load "$2" || return
  for _kerash_name in "${_kerash_names[@]:0:-1}"; do
    : ${(P)_kerash_name::=$_kerash_sizes[1]}
    shift _kerash_sizes
  done
  set -A $_kerash_names[-1] "${_kerash_values[@]}"
}

# Splits F ($1) into _kerash_words, which the caller declares. True if kerash itself computes F or reports that it does
# not exist: no word is a function of the script, and the last one is in the list $2 or the first one is not a command.
function _kerash_is_own {
  emulate -LR zsh
  local word IFS=$' \t\n'
  _kerash_words=( ${=1} )
  for word in $_kerash_words; do
    [[ ${functions[$word]-_kerash_} == *_kerash_* ]] || return 1
  done
  word=${${_kerash_words[-1]#activ_}#d_}
  [[ " $2 " == *" ${word%%:*} "* || $_kerash_words[1] == - ]] || ! whence -- $_kerash_words[1] >/dev/null
}

# Scalars.

# Prints the value of function $1 at X ($5): the arithmetic expression $4 of x and the parameters p, q, r and s, whose
# defaults are in $2. If the condition $3 on the parameters is false, the coprocess prints the error.
function _kerash_scalar {
  emulate -LR zsh
  local -F x p q r s y
  local -a given floats
  local word
  given=( ${(s: :)2} )
  (( $# > 4 )) || { _kerash_fail $1 "expected a number, got nothing"; return; }
  given=( "${@:5:$(( 1 + $#given ))}" "${(@)given:$(( $# - 5 < $#given ? $# - 5 : $#given ))}" )
  for word in "${given[@]}"; do
    [[ $word == (|[-+])(<->(|.(|<->))|.<->)(|[eE](|[-+])<->) ]] ||
      { _kerash_fail $1 "expected a decimal number, got ${(qqqq)word}"; return; }
    [[ $word == *[.eE]* ]] || word+=.  # otherwise zsh would read it as an integer of 64 bits
    floats+=( $word )
  done
  x=$floats[1] p=${floats[2]-0} q=${floats[3]-0} r=${floats[4]-0} s=${floats[5]-0}
  (( $3 )) || { _kerash_ask $1 activation ${1#activ_} "${(@)given}"; return; }
  (( y = $4 ))
  if [[ $y == *[nN]* ]]; then
    _kerash_fail $1 "expected a result that fits in 64 bits, got ${1#activ_} of $5; try a smaller number"
  else
    print -r -- $(( y ))
  fi
}

function activ_identity { _kerash_scalar activ_identity '' 1 'x' "$@" }
function activ_d_identity { _kerash_scalar activ_d_identity '' 1 '1' "$@" }
function activ_binarystep { _kerash_scalar activ_binarystep '' 1 'x >= 0' "$@" }
function activ_d_binarystep { _kerash_scalar activ_d_binarystep '' 1 '0' "$@" }
function activ_sigmoid { _kerash_scalar activ_sigmoid '' 1 'x < 0 ? exp(x) / (1 + exp(x)) : 1 / (1 + exp(-x))' "$@" }
function activ_d_sigmoid {
  _kerash_scalar activ_d_sigmoid '' 1 'exp(-fabs(x)) / (1 + exp(-fabs(x))) / (1 + exp(-fabs(x)))' "$@"
}
function activ_tanh { _kerash_scalar activ_tanh '' 1 'tanh(x)' "$@" }
function activ_d_tanh {
  _kerash_scalar activ_d_tanh '' 1 '4 * (exp(-fabs(x)) / (1 + exp(-2 * fabs(x)))) ** 2' "$@"
}
function activ_arctan { _kerash_scalar activ_arctan '' 1 'atan(x)' "$@" }
function activ_d_arctan { _kerash_scalar activ_d_arctan '' 1 '(1 / hypot(x, 1)) ** 2' "$@" }
function activ_arcsinh { _kerash_scalar activ_arcsinh '' 1 'asinh(x)' "$@" }
function activ_d_arcsinh { _kerash_scalar activ_d_arcsinh '' 1 '1 / hypot(x, 1)' "$@" }
function activ_elliotsig { _kerash_scalar activ_elliotsig '' 1 'x / (1 + fabs(x))' "$@" }
function activ_d_elliotsig { _kerash_scalar activ_d_elliotsig '' 1 '(1 / (1 + fabs(x))) ** 2' "$@" }
function activ_isru { _kerash_scalar activ_isru 1 'p > 0' 'x / hypot(1, sqrt(p) * x)' "$@" }
function activ_d_isru { _kerash_scalar activ_d_isru 1 'p > 0' '(1 / hypot(1, sqrt(p) * x)) ** 3' "$@" }
function activ_isrlu { _kerash_scalar activ_isrlu 1 'p > 0' 'x > 0 ? x : x / hypot(1, sqrt(p) * x)' "$@" }
function activ_d_isrlu { _kerash_scalar activ_d_isrlu 1 'p > 0' 'x > 0 ? 1 : (1 / hypot(1, sqrt(p) * x)) ** 3' "$@" }
function activ_relu { _kerash_scalar activ_relu '' 1 'x > 0 ? x : 0' "$@" }
function activ_d_relu { _kerash_scalar activ_d_relu '' 1 'x > 0' "$@" }
function activ_prelu { _kerash_scalar activ_prelu 0.25 1 'x > 0 ? x : p * x' "$@" }
function activ_d_prelu { _kerash_scalar activ_d_prelu 0.25 1 'x > 0 ? 1 : p' "$@" }
function activ_elu { _kerash_scalar activ_elu 1 1 'x > 0 ? x : p * expm1(x)' "$@" }
function activ_d_elu { _kerash_scalar activ_d_elu 1 1 'x > 0 ? 1 : p * exp(x)' "$@" }
function activ_selu {
  _kerash_scalar activ_selu '1.6732632423543772 1.0507009873554805' 1 'q * (x > 0 ? x : p * expm1(x))' "$@"
}
function activ_d_selu {
  _kerash_scalar activ_d_selu '1.6732632423543772 1.0507009873554805' 1 'q * (x > 0 ? 1 : p * exp(x))' "$@"
}
function activ_srelu {
  _kerash_scalar activ_srelu '-1 0.1 1 0.1' 'p <= r' 'x <= p ? p + q * (x - p) : x < r ? x : r + s * (x - r)' "$@"
}
function activ_d_srelu { _kerash_scalar activ_d_srelu '-1 0.1 1 0.1' 'p <= r' 'x <= p ? q : x < r ? 1 : s' "$@" }
function activ_softplus {
  _kerash_scalar activ_softplus 1 'p > 0' '((x > 0 ? p * x : 0) + log1p(exp(-fabs(p * x)))) / p' "$@"
}
function activ_d_softplus {
  _kerash_scalar activ_d_softplus 1 'p > 0' 'x < 0 ? exp(p * x) / (1 + exp(p * x)) : 1 / (1 + exp(-p * x))' "$@"
}
function activ_bentidentity {
  _kerash_scalar activ_bentidentity '' 1 'x * (1 + 0.5 * x / (1 + hypot(1, x)))' "$@"
}
function activ_d_bentidentity { _kerash_scalar activ_d_bentidentity '' 1 '1 + 0.5 * x / hypot(1, x)' "$@" }
function activ_sinusoid { _kerash_scalar activ_sinusoid '' 1 'sin(x)' "$@" }
function activ_d_sinusoid { _kerash_scalar activ_d_sinusoid '' 1 'cos(x)' "$@" }
function activ_sinc { _kerash_scalar activ_sinc '' 1 'x == 0 ? 1 : sin(x) / x' "$@" }
function activ_d_sinc {
  # The power series near 0, where the difference would lose digits.
  _kerash_scalar activ_d_sinc '' 1 'fabs(x) >= 1 ? (cos(x) - sin(x) / x) / x : -x * (1. / 3 - x * x * (1. / 30 -
    x * x * (1. / 840 - x * x * (1. / 45360 - x * x * (1. / 3991680 - x * x * (1. / 518918400 -
    x * x / 93405312000.))))))' "$@"
}
function activ_gaussian { _kerash_scalar activ_gaussian '' 1 'exp(-x * x)' "$@" }
function activ_d_gaussian { _kerash_scalar activ_d_gaussian '' 1 '-2 * (x * exp(-x * x))' "$@" }

typeset -gA _kerash_sinks
