# zvm.bash - completion of the command zvm for bash.
#
# What there is to complete stands in lua/zvm/cli/commands.lua as well;
# spec/completion_spec.lua sees to it that the two agree.
#
# SPDX-License-Identifier: Apache-2.0

_zvm_commands="run pipeline validate explain cc repl version help"

# The options of a command.
_zvm_options() {
  case $1 in
  run) echo --channel --limit --on-limit --etag --memory-etag --env --name \
    --memory --stack --resident --timeout --cpu --isolation --report \
    --report-file --trace --cache --image --file --collect --directory \
    --clock --seed --help ;;
  pipeline) echo --workers --ring --timeout --memo --verify --progress \
    --svg --dot --report --root --account --sysimage --help ;;
  explain) echo --max --code --address --level --help ;;
  validate | repl | version | help) echo --help ;;
  esac
}

# Whether the word after an option is its value.
_zvm_takes_value() {
  case $1 in
  *=* | --etag | --memory-etag | --code | --progress | --dot | --help \
    | -h) return 1 ;;
  --*) return 0 ;;
  esac
  return 1
}

# What an option takes, where there is a list.
_zvm_values() {
  case $1 in
  --etag | --memory-etag | etag) echo sha256 sha1 md5 ;;
  --isolation) echo process inline ;;
  --on-limit | on_limit) echo error stop ;;
  --report) [[ ${2-} == pipeline ]] && echo text json \
    || echo text json zerovm none ;;
  --level) echo 2 3 ;;
  mode) echo r w a r+ ;;
  type) echo 0 1 2 3 ;;
  gets | get_bytes | puts | put_bytes | file_size) echo unlimited ;;
  esac
}

_zvm_limits="gets= get_bytes= puts= put_bytes= file_size="
_zvm_keys="mode= type= etag= on_limit= $_zvm_limits"
_zvm_flags="r w a r+ etag listen partial"

# reply LEAD VALUE WORD... : those words that begin with VALUE, after LEAD.
_zvm_reply() {
  local lead=$1 value=$2
  shift 2
  mapfile -t COMPREPLY < <(compgen -P "$lead" -W "$*" -- "$value")
  [[ ${COMPREPLY[0]} == *[=.] ]] && compopt -o nospace 2>/dev/null
}

# files LEAD VALUE [KIND] : paths that begin with VALUE, after LEAD.
_zvm_files() {
  compopt -o filenames 2>/dev/null
  mapfile -t COMPREPLY < <(compgen -P "$1" "${3:--f}" -- "$2")
}

# What --channel takes: ALIAS=PATH, then keys and flags between commas.
_zvm_channel() {
  local word=$1 piece=$2 part key
  case $word in
  *=*,*)
    part=${word##*,}
    key=${part%%=*}
    if [[ $part == *=* ]]; then
      part=${part#*=}
      # shellcheck disable=SC2046
      _zvm_reply "${piece%"$part"}" "$part" $(_zvm_values "$key")
    else
      _zvm_reply "${piece%"$part"}" "$part" "$_zvm_keys" "$_zvm_flags"
    fi ;;
  *=*)
    part=${word#*=}
    part=${part#file:}
    _zvm_files "${piece%"$part"}" "$part" ;;
  *) _zvm_reply "${piece%"$word"}" "$word" stdin= stdout= stderr= ;;
  esac
}

# What --limit takes: ALIAS.LIMIT=SIZE.
_zvm_limit() {
  local word=$1 piece=$2 part
  case $word in
  *=*)
    part=${word##*=}
    _zvm_reply "${piece%"$part"}" "$part" unlimited ;;
  *.*)
    part=${word##*.}
    _zvm_reply "${piece%"$part"}" "$part" "$_zvm_limits" ;;
  *) _zvm_reply "${piece%"$word"}" "$word" stdin. stdout. stderr. ;;
  esac
}

# What --file, --collect and --sysimage take: a path of the guest, = and one of the host.
_zvm_pair() {
  local word=$2 piece=$3 part kind=-f
  [[ $1 == --collect ]] && kind=-d
  [[ $word == *=* ]] || return
  part=${word#*=}
  _zvm_files "${piece%"$part"}" "$part" "$kind"
}

# The value of an option: OPTION, what there is of the value, and what bash
# replaces, which may be less.
_zvm_value() {
  local option=$1 word=$2 piece=$3
  local lead=${piece%"$word"}
  case $option in
  --channel) _zvm_channel "$word" "$piece" ;;
  --limit) _zvm_limit "$word" "$piece" ;;
  --report-file | --trace | --image | --svg) _zvm_files "$lead" "$word" ;;
  --cache | --memo | --root) _zvm_files "$lead" "$word" -d ;;
  --file | --collect | --sysimage) _zvm_pair "$option" "$word" "$piece" ;;
  # shellcheck disable=SC2046
  *) _zvm_reply "$lead" "$word" $(_zvm_values "$option" "$command") ;;
  esac
}

# An argument that is no option: a file, or one after @.
_zvm_argument() {
  local word=$1 piece=$2
  [[ $word == @* ]] && word=${word#@}
  _zvm_files "${piece%"$word"}" "$word"
}

_zvm() {
  # bash parts words at = : and @, which here belong to them.
  local words=() joined= i piece=${COMP_WORDS[COMP_CWORD]}
  for ((i = 0; i <= COMP_CWORD; i++)); do
    local each=${COMP_WORDS[i]}
    if [[ -n $joined || $each == [=:]* && $i -gt 0 ]]; then
      words[${#words[@]} - 1]+=$each
    else
      words+=("$each")
    fi
    joined=
    [[ $each == [=:@] ]] && joined=1
  done
  [[ $piece == [=:@] ]] && piece=
  COMPREPLY=()

  local last=$((${#words[@]} - 1))
  local cur=${words[last]} command=${words[1]}
  if ((last == 1)); then
    _zvm_reply "" "$cur" "$_zvm_commands" --help --version
    return
  fi

  # Options are over at --; for run, other words follow the program.
  local over= awaits= program=
  for ((i = 2; i < last; i++)); do
    if [[ -n $awaits ]]; then
      awaits=
    elif [[ ${words[i]} == -- ]]; then
      over=1
    elif [[ ${words[i]} == -* ]]; then
      _zvm_takes_value "${words[i]}" && awaits=${words[i]}
    elif [[ $command == run ]]; then
      program=1
    fi
    [[ -n $over ]] && break
  done

  if [[ $command == cc || -n $over ]]; then
    _zvm_argument "$cur" "$piece"
  elif [[ -n $awaits ]]; then
    _zvm_value "$awaits" "$cur" "$piece"
  elif [[ $cur == --*=* ]]; then
    _zvm_value "${cur%%=*}" "${cur#*=}" "$piece"
  elif [[ $cur == -* ]]; then
    # shellcheck disable=SC2046
    _zvm_reply "" "$cur" $(_zvm_options "$command")
  elif [[ -n $program ]]; then
    _zvm_argument "$cur" "$piece"
  elif [[ $command == help ]]; then
    _zvm_reply "" "$cur" "$_zvm_commands"
  elif [[ $command =~ ^(run|pipeline|validate|explain)$ ]]; then
    _zvm_files "" "$cur"
  fi
}

complete -F _zvm zvm
