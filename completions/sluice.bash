#!/bin/bash

__sluice_cursor_index_in_current_word() {
    local remaining="${COMP_LINE}"

    local word
    for word in "${COMP_WORDS[@]::COMP_CWORD}"; do
        remaining="${remaining##*([[:space:]])"${word}"*([[:space:]])}"
    done

    local -ir index="$((COMP_POINT - ${#COMP_LINE} + ${#remaining}))"
    if [[ "${index}" -le 0 ]]; then
        printf 0
    else
        printf %s "${index}"
    fi
}

# positional arguments:
#
# - 1: the current (sub)command's count of positional arguments
#
# required variables:
#
# - repeating_flags: the repeating flags that the current (sub)command can accept
# - non_repeating_flags: the non-repeating flags that the current (sub)command can accept
# - repeating_options: the repeating options that the current (sub)command can accept
# - non_repeating_options: the non-repeating options that the current (sub)command can accept
# - positional_number: value ignored
# - unparsed_words: unparsed words from the current command line
#
# modified variables:
#
# - non_repeating_flags: remove flags for this (sub)command that are already on the command line
# - non_repeating_options: remove options for this (sub)command that are already on the command line
# - positional_number: set to the current positional number
# - unparsed_words: remove all flags, options, and option values for this (sub)command
__sluice_offer_flags_options() {
    local -ir positional_count="${1}"
    positional_number=0

    local was_flag_option_terminator_seen=false
    local is_parsing_option_value=false

    local -ar unparsed_word_indices=("${!unparsed_words[@]}")
    local -i word_index
    for word_index in "${unparsed_word_indices[@]}"; do
        if "${is_parsing_option_value}"; then
            # This word is an option value:
            # Reset marker for next word iff not currently the last word
            [[ "${word_index}" -ne "${unparsed_word_indices[${#unparsed_word_indices[@]} - 1]}" ]] && is_parsing_option_value=false
            unset "unparsed_words[${word_index}]"
            # Do not process this word as a flag or an option
            continue
        fi

        local word="${unparsed_words["${word_index}"]}"
        if ! "${was_flag_option_terminator_seen}"; then
            case "${word}" in
            --)
                unset "unparsed_words[${word_index}]"
                # by itself -- is a flag/option terminator, but if it is the last word, it is the start of a completion
                if [[ "${word_index}" -ne "${unparsed_word_indices[${#unparsed_word_indices[@]} - 1]}" ]]; then
                    was_flag_option_terminator_seen=true
                fi
                continue
                ;;
            -*)
                # ${word} is a flag or an option
                # If ${word} is an option, mark that the next word to be parsed is an option value
                local option
                for option in "${repeating_options[@]}" "${non_repeating_options[@]}"; do
                    [[ "${word}" = "${option}" ]] && is_parsing_option_value=true && break
                done

                # Remove ${word} from ${non_repeating_flags} or ${non_repeating_options} so it isn't offered again
                local not_found=true
                local -i index
                for index in "${!non_repeating_flags[@]}"; do
                    if [[ "${non_repeating_flags[${index}]}" = "${word}" ]]; then
                        unset "non_repeating_flags[${index}]"
                        non_repeating_flags=("${non_repeating_flags[@]}")
                        not_found=false
                        break
                    fi
                done
                if "${not_found}"; then
                    for index in "${!non_repeating_flags[@]}"; do
                        if [[ "${non_repeating_flags[${index}]}" = "${word}" ]]; then
                            unset "non_repeating_flags[${index}]"
                            non_repeating_flags=("${non_repeating_flags[@]}")
                            break
                        fi
                    done
                fi
                unset "unparsed_words[${word_index}]"
                continue
                ;;
            esac
        fi

        # ${word} is neither a flag, nor an option, nor an option value
        if [[ "${positional_number}" -lt "${positional_count}" || "${positional_count}" -lt 0 ]]; then
            # ${word} is a positional
            ((positional_number++))
            unset "unparsed_words[${word_index}]"
        else
            if [[ -z "${word}" ]]; then
                # Could be completing a flag, option, or subcommand
                positional_number=-1
            else
                # ${word} is a subcommand or invalid, so stop processing this (sub)command
                positional_number=-2
            fi
            break
        fi
    done

    unparsed_words=("${unparsed_words[@]}")

    if\
        ! "${was_flag_option_terminator_seen}"\
        && ! "${is_parsing_option_value}"\
        && [[ ("${cur}" = -* && "${positional_number}" -ge 0) || "${positional_number}" -eq -1 ]]
    then
        COMPREPLY+=($(compgen -W "${repeating_flags[*]} ${non_repeating_flags[*]} ${repeating_options[*]} ${non_repeating_options[*]}" -- "${cur}"))
    fi
}

__sluice_add_completions() {
    local completion
    while IFS='' read -r completion; do
        COMPREPLY+=("${completion}")
    done < <(IFS=$'\n' compgen "${@}" -- "${cur}")
}

__sluice_custom_complete() {
    if [[ -n "${cur}" || -z ${COMP_WORDS[${COMP_CWORD}]} || "${COMP_LINE:${COMP_POINT}:1}" != ' ' ]]; then
        local -ar words=("${COMP_WORDS[@]}")
    else
        local -ar words=("${COMP_WORDS[@]::${COMP_CWORD}}" '' "${COMP_WORDS[@]:${COMP_CWORD}}")
    fi

    "${COMP_WORDS[0]}" "${@}" "${words[@]}"
}

_sluice() {
    local state
    state="$(shopt -p;shopt -po)"
    trap "${state//$'\n'/;}" RETURN
    shopt -s extglob
    set +o history +o posix

    local -xr SAP_SHELL=bash
    local -x SAP_SHELL_VERSION
    SAP_SHELL_VERSION="$(IFS='.';printf %s "${BASH_VERSINFO[*]}")"
    local -r SAP_SHELL_VERSION

    local -r cur="${2}"
    local -r prev="${3}"

    local -i positional_number
    local -a unparsed_words=("${COMP_WORDS[@]:1:${COMP_CWORD}}")

    local -a repeating_flags=()
    local -a non_repeating_flags=(--version -h --help)
    local -a repeating_options=()
    local -a non_repeating_options=()
    __sluice_offer_flags_options 0

    # Offer subcommand / subcommand argument completions
    local -r subcommand="${unparsed_words[0]}"
    unset 'unparsed_words[0]'
    unparsed_words=("${unparsed_words[@]}")
    case "${subcommand}" in
    push|play|record|probe|stream-start|stream-stop|stream-list|help)
        # Offer subcommand argument completions
        "_sluice_${subcommand}"
        ;;
    *)
        # Offer subcommand completions
        COMPREPLY+=($(compgen -W 'push play record probe stream-start stream-stop stream-list help' -- "${cur}"))
        ;;
    esac
}

_sluice_push() {
    repeating_flags=()
    non_repeating_flags=(--loop --no-pace --no-marks --insecure --json --quiet -q --no-color --version -h --help)
    repeating_options=(-i --header --av-option)
    non_repeating_options=(--start-at -t --duration --live --format --input-format --input-pix-fmt --input-size --input-fps --video --audio --bitrate --size --fps --gop --preset --tune --profile --audio-bitrate --timeout --user-agent --rtsp-transport --quality --video-track --audio-track --stats --log-level)
    __sluice_offer_flags_options -1

    # Offer option value completions
    case "${prev}" in
    '-i')
        __sluice_add_completions -f
        return
        ;;
    '--start-at')
        return
        ;;
    '-t'|'--duration')
        return
        ;;
    '--live')
        __sluice_add_completions -W 'on'$'\n''off'
        return
        ;;
    '--format')
        __sluice_add_completions -W 'flv'$'\n''mpegts'$'\n''matroska'$'\n''mp4'$'\n''nut'
        return
        ;;
    '--input-format')
        __sluice_add_completions -W 'rawvideo'$'\n''mpegts'$'\n''flv'$'\n''matroska'$'\n''mp4'$'\n''h264'$'\n''hevc'$'\n''nut'
        return
        ;;
    '--input-pix-fmt')
        __sluice_add_completions -W 'yuv420p'$'\n''nv12'$'\n''bgr24'$'\n''rgb24'$'\n''bgra'$'\n''rgba'$'\n''gray'$'\n''yuyv422'
        return
        ;;
    '--input-size')
        return
        ;;
    '--input-fps')
        return
        ;;
    '--video')
        __sluice_add_completions -W 'copy'$'\n''h264'$'\n''hevc'$'\n''none'
        return
        ;;
    '--audio')
        __sluice_add_completions -W 'copy'$'\n''aac'$'\n''opus'$'\n''none'
        return
        ;;
    '--bitrate')
        return
        ;;
    '--size')
        return
        ;;
    '--fps')
        return
        ;;
    '--gop')
        return
        ;;
    '--preset')
        __sluice_add_completions -W 'ultrafast'$'\n''superfast'$'\n''veryfast'$'\n''faster'$'\n''fast'$'\n''medium'$'\n''slow'$'\n''slower'$'\n''veryslow'
        return
        ;;
    '--tune')
        __sluice_add_completions -W 'zerolatency'$'\n''animation'$'\n''grain'$'\n''fastdecode'$'\n''psnr'$'\n''ssim'
        return
        ;;
    '--profile')
        __sluice_add_completions -W 'baseline'$'\n''main'$'\n''high'
        return
        ;;
    '--audio-bitrate')
        return
        ;;
    '--timeout')
        return
        ;;
    '--header')
        return
        ;;
    '--user-agent')
        return
        ;;
    '--av-option')
        return
        ;;
    '--rtsp-transport')
        __sluice_add_completions -W 'tcp'$'\n''udp'
        return
        ;;
    '--quality')
        __sluice_add_completions -W 'best'$'\n''worst'$'\n''1080p'$'\n''720p'$'\n''480p'$'\n''360p'
        return
        ;;
    '--video-track')
        return
        ;;
    '--audio-track')
        return
        ;;
    '--stats')
        __sluice_add_completions -f
        return
        ;;
    '--log-level')
        __sluice_add_completions -W 'trace'$'\n''debug'$'\n''info'$'\n''notice'$'\n''warning'$'\n''error'
        return
        ;;
    esac

    # Offer positional completions
    case "${positional_number}" in
    *)
        __sluice_add_completions -f
        return
        ;;
    esac
}

_sluice_play() {
    repeating_flags=()
    non_repeating_flags=(--exit-on-end --no-video -vn --no-audio -an --nobuffer --fullscreen -fs --wait -nodisp -autoexit -framedrop --insecure --json --quiet -q --no-color --version -h --help)
    repeating_options=(--header --av-option)
    non_repeating_options=(-i --start-at -ss -t --duration --mode --min-delay --max-delay --target-delay --max-rate --skip-above --vo --ao --hwaccel --size --title --volume -volume --raw --pix-fmt --wav --snapshot --snapshot-every --record --reconnect --give-up -fflags -flags -x -y -probesize -analyzeduration -sync --timeout --user-agent --rtsp-transport --quality --video-track --audio-track --stats --log-level)
    __sluice_offer_flags_options -1

    # Offer option value completions
    case "${prev}" in
    '-i')
        __sluice_add_completions -f
        return
        ;;
    '--start-at'|'-ss')
        return
        ;;
    '-t'|'--duration')
        return
        ;;
    '--mode')
        __sluice_add_completions -W 'auto'$'\n''nobuffer'$'\n''rtc'$'\n''live'$'\n''smooth'
        return
        ;;
    '--min-delay')
        return
        ;;
    '--max-delay')
        return
        ;;
    '--target-delay')
        return
        ;;
    '--max-rate')
        return
        ;;
    '--skip-above')
        return
        ;;
    '--vo')
        __sluice_add_completions -W 'sdl'$'\n''null'
        return
        ;;
    '--ao')
        __sluice_add_completions -W 'sdl'$'\n''null'
        return
        ;;
    '--hwaccel')
        __sluice_add_completions -W 'auto'$'\n''none'
        return
        ;;
    '--size')
        return
        ;;
    '--title')
        return
        ;;
    '--volume'|'-volume')
        return
        ;;
    '--raw')
        __sluice_add_completions -f
        return
        ;;
    '--pix-fmt')
        __sluice_add_completions -W 'bgr24'$'\n''rgb24'$'\n''yuv420p'$'\n''nv12'$'\n''bgra'$'\n''rgba'$'\n''gray'
        return
        ;;
    '--wav')
        __sluice_add_completions -f
        return
        ;;
    '--snapshot')
        __sluice_add_completions -o plusdirs -fX '!*.@(png)'
        return
        ;;
    '--snapshot-every')
        return
        ;;
    '--record')
        __sluice_add_completions -o plusdirs -fX '!*.@(mp4|mkv|ts|flv)'
        return
        ;;
    '--reconnect')
        __sluice_add_completions -W 'off'$'\n''forever'
        return
        ;;
    '--give-up')
        return
        ;;
    '-fflags')
        __sluice_add_completions -W 'nobuffer'
        return
        ;;
    '-flags')
        __sluice_add_completions -W 'low_delay'
        return
        ;;
    '-x')
        return
        ;;
    '-y')
        return
        ;;
    '-probesize')
        return
        ;;
    '-analyzeduration')
        return
        ;;
    '-sync')
        return
        ;;
    '--timeout')
        return
        ;;
    '--header')
        return
        ;;
    '--user-agent')
        return
        ;;
    '--av-option')
        return
        ;;
    '--rtsp-transport')
        __sluice_add_completions -W 'tcp'$'\n''udp'
        return
        ;;
    '--quality')
        __sluice_add_completions -W 'best'$'\n''worst'$'\n''1080p'$'\n''720p'$'\n''480p'$'\n''360p'
        return
        ;;
    '--video-track')
        return
        ;;
    '--audio-track')
        return
        ;;
    '--stats')
        __sluice_add_completions -f
        return
        ;;
    '--log-level')
        __sluice_add_completions -W 'trace'$'\n''debug'$'\n''info'$'\n''notice'$'\n''warning'$'\n''error'
        return
        ;;
    esac

    # Offer positional completions
    case "${positional_number}" in
    *)
        __sluice_add_completions -f
        return
        ;;
    esac
}

_sluice_record() {
    repeating_flags=()
    non_repeating_flags=(--at-clock --wait --insecure --json --quiet -q --no-color --version -h --help)
    repeating_options=(--header --av-option)
    non_repeating_options=(-i -o --format --segment -t --duration --max-disk --list --repair --reconnect --give-up --timeout --user-agent --rtsp-transport --quality --video-track --audio-track --stats --log-level)
    __sluice_offer_flags_options -1

    # Offer option value completions
    case "${prev}" in
    '-i')
        __sluice_add_completions -f
        return
        ;;
    '-o')
        __sluice_add_completions -f
        return
        ;;
    '--format')
        __sluice_add_completions -W 'mp4'$'\n''mkv'$'\n''ts'$'\n''flv'
        return
        ;;
    '--segment')
        __sluice_add_completions -W 'off'
        return
        ;;
    '-t'|'--duration')
        return
        ;;
    '--max-disk')
        return
        ;;
    '--list')
        __sluice_add_completions -d
        return
        ;;
    '--repair')
        __sluice_add_completions -d
        return
        ;;
    '--reconnect')
        __sluice_add_completions -W 'off'$'\n''forever'
        return
        ;;
    '--give-up')
        return
        ;;
    '--timeout')
        return
        ;;
    '--header')
        return
        ;;
    '--user-agent')
        return
        ;;
    '--av-option')
        return
        ;;
    '--rtsp-transport')
        __sluice_add_completions -W 'tcp'$'\n''udp'
        return
        ;;
    '--quality')
        __sluice_add_completions -W 'best'$'\n''worst'$'\n''1080p'$'\n''720p'$'\n''480p'$'\n''360p'
        return
        ;;
    '--video-track')
        return
        ;;
    '--audio-track')
        return
        ;;
    '--stats')
        __sluice_add_completions -f
        return
        ;;
    '--log-level')
        __sluice_add_completions -W 'trace'$'\n''debug'$'\n''info'$'\n''notice'$'\n''warning'$'\n''error'
        return
        ;;
    esac

    # Offer positional completions
    case "${positional_number}" in
    *)
        __sluice_add_completions -f
        return
        ;;
    esac
}

_sluice_probe() {
    repeating_flags=()
    non_repeating_flags=(--latency --check --follow --wait --insecure --json --quiet -q --no-color --version -h --help)
    repeating_options=(--expect --header --av-option)
    non_repeating_options=(-i -t --duration --loopback --timeout --user-agent --rtsp-transport --quality --video-track --audio-track --stats --log-level)
    __sluice_offer_flags_options -1

    # Offer option value completions
    case "${prev}" in
    '-i')
        __sluice_add_completions -f
        return
        ;;
    '-t'|'--duration')
        return
        ;;
    '--expect')
        return
        ;;
    '--loopback')
        return
        ;;
    '--timeout')
        return
        ;;
    '--header')
        return
        ;;
    '--user-agent')
        return
        ;;
    '--av-option')
        return
        ;;
    '--rtsp-transport')
        __sluice_add_completions -W 'tcp'$'\n''udp'
        return
        ;;
    '--quality')
        __sluice_add_completions -W 'best'$'\n''worst'$'\n''1080p'$'\n''720p'$'\n''480p'$'\n''360p'
        return
        ;;
    '--video-track')
        return
        ;;
    '--audio-track')
        return
        ;;
    '--stats')
        __sluice_add_completions -f
        return
        ;;
    '--log-level')
        __sluice_add_completions -W 'trace'$'\n''debug'$'\n''info'$'\n''notice'$'\n''warning'$'\n''error'
        return
        ;;
    esac

    # Offer positional completions
    case "${positional_number}" in
    *)
        __sluice_add_completions -f
        return
        ;;
    esac
}

_sluice_stream-start() {
    repeating_flags=()
    non_repeating_flags=(--foreground --reuse --no-wait --loop --no-pace --no-marks --insecure --json --quiet -q --no-color --version -h --help)
    repeating_options=(-i --header --av-option)
    non_repeating_options=(--print --stream-id --quota --rtmp-port --http-port --start-at -t --duration --live --format --input-format --input-pix-fmt --input-size --input-fps --video --audio --bitrate --size --fps --gop --preset --tune --profile --audio-bitrate --timeout --user-agent --rtsp-transport --quality --video-track --audio-track --stats --log-level)
    __sluice_offer_flags_options -1

    # Offer option value completions
    case "${prev}" in
    '--print')
        __sluice_add_completions -W 'channel'$'\n''channel_id'$'\n''stream_id'$'\n''publish_url'$'\n''watch.rtmp'$'\n''watch.flv'$'\n''watch.hls'$'\n''state'$'\n''pid'$'\n''origin_pid'
        return
        ;;
    '--stream-id')
        return
        ;;
    '--quota')
        return
        ;;
    '--rtmp-port')
        return
        ;;
    '--http-port')
        return
        ;;
    '-i')
        __sluice_add_completions -f
        return
        ;;
    '--start-at')
        return
        ;;
    '-t'|'--duration')
        return
        ;;
    '--live')
        __sluice_add_completions -W 'on'$'\n''off'
        return
        ;;
    '--format')
        __sluice_add_completions -W 'flv'$'\n''mpegts'$'\n''matroska'$'\n''mp4'$'\n''nut'
        return
        ;;
    '--input-format')
        __sluice_add_completions -W 'rawvideo'$'\n''mpegts'$'\n''flv'$'\n''matroska'$'\n''mp4'$'\n''h264'$'\n''hevc'$'\n''nut'
        return
        ;;
    '--input-pix-fmt')
        __sluice_add_completions -W 'yuv420p'$'\n''nv12'$'\n''bgr24'$'\n''rgb24'$'\n''bgra'$'\n''rgba'$'\n''gray'$'\n''yuyv422'
        return
        ;;
    '--input-size')
        return
        ;;
    '--input-fps')
        return
        ;;
    '--video')
        __sluice_add_completions -W 'copy'$'\n''h264'$'\n''hevc'$'\n''none'
        return
        ;;
    '--audio')
        __sluice_add_completions -W 'copy'$'\n''aac'$'\n''opus'$'\n''none'
        return
        ;;
    '--bitrate')
        return
        ;;
    '--size')
        return
        ;;
    '--fps')
        return
        ;;
    '--gop')
        return
        ;;
    '--preset')
        __sluice_add_completions -W 'ultrafast'$'\n''superfast'$'\n''veryfast'$'\n''faster'$'\n''fast'$'\n''medium'$'\n''slow'$'\n''slower'$'\n''veryslow'
        return
        ;;
    '--tune')
        __sluice_add_completions -W 'zerolatency'$'\n''animation'$'\n''grain'$'\n''fastdecode'$'\n''psnr'$'\n''ssim'
        return
        ;;
    '--profile')
        __sluice_add_completions -W 'baseline'$'\n''main'$'\n''high'
        return
        ;;
    '--audio-bitrate')
        return
        ;;
    '--timeout')
        return
        ;;
    '--header')
        return
        ;;
    '--user-agent')
        return
        ;;
    '--av-option')
        return
        ;;
    '--rtsp-transport')
        __sluice_add_completions -W 'tcp'$'\n''udp'
        return
        ;;
    '--quality')
        __sluice_add_completions -W 'best'$'\n''worst'$'\n''1080p'$'\n''720p'$'\n''480p'$'\n''360p'
        return
        ;;
    '--video-track')
        return
        ;;
    '--audio-track')
        return
        ;;
    '--stats')
        __sluice_add_completions -f
        return
        ;;
    '--log-level')
        __sluice_add_completions -W 'trace'$'\n''debug'$'\n''info'$'\n''notice'$'\n''warning'$'\n''error'
        return
        ;;
    esac
}

_sluice_stream-stop() {
    repeating_flags=()
    non_repeating_flags=(--all --json --quiet -q --no-color --version -h --help)
    repeating_options=()
    non_repeating_options=(--stats --log-level)
    __sluice_offer_flags_options -1

    # Offer option value completions
    case "${prev}" in
    '--stats')
        __sluice_add_completions -f
        return
        ;;
    '--log-level')
        __sluice_add_completions -W 'trace'$'\n''debug'$'\n''info'$'\n''notice'$'\n''warning'$'\n''error'
        return
        ;;
    esac
}

_sluice_stream-list() {
    repeating_flags=()
    non_repeating_flags=(--json --quiet -q --no-color --version -h --help)
    repeating_options=()
    non_repeating_options=(--stats --log-level)
    __sluice_offer_flags_options -1

    # Offer option value completions
    case "${prev}" in
    '--stats')
        __sluice_add_completions -f
        return
        ;;
    '--log-level')
        __sluice_add_completions -W 'trace'$'\n''debug'$'\n''info'$'\n''notice'$'\n''warning'$'\n''error'
        return
        ;;
    esac
}

_sluice_help() {
    repeating_flags=()
    non_repeating_flags=(--version)
    repeating_options=()
    non_repeating_options=()
    __sluice_offer_flags_options -1
}

complete -o filenames -F _sluice sluice
