function __sluice_should_offer_completions_for_flags_or_options -a expected_commands
    set -l non_repeating_flags_or_options $argv[2..]
    set -l non_repeating_flags_or_options_absent 0
    set -l positional_index 0
    set -l commands
    __sluice_parse_tokens
    test "$commands" = "$expected_commands"; and return $non_repeating_flags_or_options_absent
end

function __sluice_should_offer_completions_for_positional -a expected_commands positional_index_comparison expected_positional_index
    set -l non_repeating_flags_or_options
    set -l non_repeating_flags_or_options_absent 0
    set -l positional_index 0
    set -l commands
    __sluice_parse_tokens
    test "$commands" = "$expected_commands" -a \( "$positional_index" "$positional_index_comparison" "$expected_positional_index" \)
end

function __sluice_parse_tokens -S
    set -l unparsed_tokens (__sluice_tokens -pc)
    switch $unparsed_tokens[1]
    case 'sluice'
        __sluice_parse_subcommand 0 'version' 'h/help'
        switch $unparsed_tokens[1]
        case 'push'
            __sluice_parse_subcommand -r 1 'i=+' 'loop' 'start-at=' 't/duration=' 'no-pace' 'live=' 'format=' 'input-format=' 'input-pix-fmt=' 'input-size=' 'input-fps=' 'video=' 'audio=' 'bitrate=' 'size=' 'fps=' 'gop=' 'preset=' 'tune=' 'profile=' 'audio-bitrate=' 'no-marks' 'timeout=' 'header=+' 'user-agent=' 'av-option=+' 'rtsp-transport=' 'quality=' 'video-track=' 'audio-track=' 'insecure' 'json' 'stats=' 'log-level=' 'q/quiet' 'no-color' 'version' 'h/help'
        case 'play'
            __sluice_parse_subcommand -r 1 'i=' 'start-at=' 't/duration=' 'exit-on-end' 'no-video' 'no-audio' 'mode=' 'nobuffer' 'min-delay=' 'max-delay=' 'target-delay=' 'max-rate=' 'skip-above=' 'vo=' 'ao=' 'hwaccel=' 'fullscreen' 'size=' 'title=' 'volume=' 'raw=' 'pix-fmt=' 'wav=' 'snapshot=' 'snapshot-every=' 'record=' 'wait' 'reconnect=' 'give-up=' 'x=' 'y=' 'timeout=' 'header=+' 'user-agent=' 'av-option=+' 'rtsp-transport=' 'quality=' 'video-track=' 'audio-track=' 'insecure' 'json' 'stats=' 'log-level=' 'q/quiet' 'no-color' 'version' 'h/help'
        case 'record'
            __sluice_parse_subcommand -r 1 'i=' 'o=' 'format=' 'segment=' 'at-clock' 't/duration=' 'max-disk=' 'list=' 'repair=' 'wait' 'reconnect=' 'give-up=' 'timeout=' 'header=+' 'user-agent=' 'av-option=+' 'rtsp-transport=' 'quality=' 'video-track=' 'audio-track=' 'insecure' 'json' 'stats=' 'log-level=' 'q/quiet' 'no-color' 'version' 'h/help'
        case 'probe'
            __sluice_parse_subcommand -r 1 'i=' 't/duration=' 'latency' 'check' 'expect=+' 'follow' 'loopback=' 'wait' 'timeout=' 'header=+' 'user-agent=' 'av-option=+' 'rtsp-transport=' 'quality=' 'video-track=' 'audio-track=' 'insecure' 'json' 'stats=' 'log-level=' 'q/quiet' 'no-color' 'version' 'h/help'
        case 'stream-start'
            __sluice_parse_subcommand -r 1 'print=' 'foreground' 'reuse' 'no-wait' 'stream-id=' 'quota=' 'rtmp-port=' 'http-port=' 'i=+' 'loop' 'start-at=' 't/duration=' 'no-pace' 'live=' 'format=' 'input-format=' 'input-pix-fmt=' 'input-size=' 'input-fps=' 'video=' 'audio=' 'bitrate=' 'size=' 'fps=' 'gop=' 'preset=' 'tune=' 'profile=' 'audio-bitrate=' 'no-marks' 'timeout=' 'header=+' 'user-agent=' 'av-option=+' 'rtsp-transport=' 'quality=' 'video-track=' 'audio-track=' 'insecure' 'json' 'stats=' 'log-level=' 'q/quiet' 'no-color' 'version' 'h/help'
        case 'stream-stop'
            __sluice_parse_subcommand -r 1 'all' 'json' 'stats=' 'log-level=' 'q/quiet' 'no-color' 'version' 'h/help'
        case 'stream-list'
            __sluice_parse_subcommand -r 1 'json' 'stats=' 'log-level=' 'q/quiet' 'no-color' 'version' 'h/help'
        case 'help'
            __sluice_parse_subcommand -r 1 'version'
        end
    end
end

function __sluice_tokens
    if test (string split -m 1 -f 1 -- . "$FISH_VERSION") -gt 3
        commandline --tokens-raw $argv
    else
        commandline -o $argv
    end
end

function __sluice_parse_subcommand -S -a positional_count
    argparse -s r -- $argv
    set -l option_specs $argv[2..]
    set -l is_repeating_positional $_flag_r
    set -el _flag_r
    set -a commands $unparsed_tokens[1]
    set positional_index 0
    while true
        set -e unparsed_tokens[1]
        argparse -sn "$commands" $option_specs -- $unparsed_tokens 2> /dev/null
        set unparsed_tokens $argv
        set positional_index (math $positional_index + 1)
        for non_repeating_flag_or_option in $non_repeating_flags_or_options
            if set -ql "_flag_$(string replace -a - _ -- $non_repeating_flag_or_option)"
                set non_repeating_flags_or_options_absent 1
                break
            end
        end
        test (count $unparsed_tokens) -eq 0 -o \( -z "$is_repeating_positional" -a "$positional_index" -gt "$positional_count" \) && break
    end
end

function __sluice_complete_directories
    set -l token (commandline -t)
    string match -- '*/' $token
    set -l subdirs $token*/
    printf %s\n $subdirs
end

function __sluice_custom_completion
    set -x SAP_SHELL fish
    set -x SAP_SHELL_VERSION $FISH_VERSION
    set -l tokens (__sluice_tokens -p)
    if test -z "$(__sluice_tokens -t)"
        set -l index (count (__sluice_tokens -pc))
        set tokens $tokens[..$index] \'\' $tokens[(math $index + 1)..]
    end
    command $tokens[1] $argv $tokens
end

complete -c 'sluice' -f
complete -c 'sluice' -n '__sluice_should_offer_completions_for_flags_or_options "sluice" version' -l 'version' -d 'Show the version.'
complete -c 'sluice' -n '__sluice_should_offer_completions_for_flags_or_options "sluice" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'sluice' -n '__sluice_should_offer_completions_for_positional "sluice" -eq 1' -fa 'push' -d 'Send media upstream at the speed it plays.'
complete -c 'sluice' -n '__sluice_should_offer_completions_for_positional "sluice" -eq 1' -fa 'play' -d 'Watch and listen.'
complete -c 'sluice' -n '__sluice_should_offer_completions_for_positional "sluice" -eq 1' -fa 'record' -d 'Keep a stream in files, without decoding it.'
complete -c 'sluice' -n '__sluice_should_offer_completions_for_positional "sluice" -eq 1' -fa 'probe' -d 'Tell what a stream is, whether it is healthy, and how late.'
complete -c 'sluice' -n '__sluice_should_offer_completions_for_positional "sluice" -eq 1' -fa 'stream-start' -d 'Start a stream in the background and print where to watch it.'
complete -c 'sluice' -n '__sluice_should_offer_completions_for_positional "sluice" -eq 1' -fa 'stream-stop' -d 'Stop a stream cleanly and print what it came to.'
complete -c 'sluice' -n '__sluice_should_offer_completions_for_positional "sluice" -eq 1' -fa 'stream-list' -d 'List the streams that are running, waiting or kept.'
complete -c 'sluice' -n '__sluice_should_offer_completions_for_positional "sluice" -eq 1' -fa 'help' -d 'Show subcommand help information.'
complete -c 'sluice' -n '__sluice_should_offer_completions_for_positional "sluice push" -ge 1' -F
complete -c 'sluice' -n '__sluice_should_offer_completions_for_flags_or_options "sluice push"' -s 'i' -d 'An input, as the operand; repeatable.' -rF
complete -c 'sluice' -n '__sluice_should_offer_completions_for_flags_or_options "sluice push" loop' -l 'loop' -d 'Play the input again and again, or N times in all.'
complete -c 'sluice' -n '__sluice_should_offer_completions_for_flags_or_options "sluice push" start-at' -l 'start-at' -d 'Begin this far into the input.' -rfka ''
complete -c 'sluice' -n '__sluice_should_offer_completions_for_flags_or_options "sluice push" duration t' -s 't' -l 'duration' -d 'End after this time.' -rfka ''
complete -c 'sluice' -n '__sluice_should_offer_completions_for_flags_or_options "sluice push" no-pace' -l 'no-pace' -d 'Send as fast as the target takes it.'
complete -c 'sluice' -n '__sluice_should_offer_completions_for_flags_or_options "sluice push" live' -l 'live' -d 'Whether the input is live (default: by its kind).' -rfka 'on off'
complete -c 'sluice' -n '__sluice_should_offer_completions_for_flags_or_options "sluice push" format' -l 'format' -d 'The container of the target (default: by its address).' -rfka 'flv mpegts matroska mp4 nut'
complete -c 'sluice' -n '__sluice_should_offer_completions_for_flags_or_options "sluice push" input-format' -l 'input-format' -d 'The container of the input where it cannot be recognised; rawvideo for bare pictures.' -rfka 'rawvideo mpegts flv matroska mp4 h264 hevc nut'
complete -c 'sluice' -n '__sluice_should_offer_completions_for_flags_or_options "sluice push" input-pix-fmt' -l 'input-pix-fmt' -d 'Pixel format of raw video.' -rfka 'yuv420p nv12 bgr24 rgb24 bgra rgba gray yuyv422'
complete -c 'sluice' -n '__sluice_should_offer_completions_for_flags_or_options "sluice push" input-size' -l 'input-size' -d 'Picture size of raw video.' -rfka ''
complete -c 'sluice' -n '__sluice_should_offer_completions_for_flags_or_options "sluice push" input-fps' -l 'input-fps' -d 'Frame rate of raw video.' -rfka ''
complete -c 'sluice' -n '__sluice_should_offer_completions_for_flags_or_options "sluice push" video' -l 'video' -d 'What becomes of the picture (default: copy where the target can carry it, else h264).' -rfka 'copy h264 hevc none'
complete -c 'sluice' -n '__sluice_should_offer_completions_for_flags_or_options "sluice push" audio' -l 'audio' -d 'What becomes of the sound (default: copy where the target can carry it, else aac).' -rfka 'copy aac opus none'
complete -c 'sluice' -n '__sluice_should_offer_completions_for_flags_or_options "sluice push" bitrate' -l 'bitrate' -d 'Video bit rate (default: by picture size).' -rfka ''
complete -c 'sluice' -n '__sluice_should_offer_completions_for_flags_or_options "sluice push" size' -l 'size' -d 'Picture size.' -rfka ''
complete -c 'sluice' -n '__sluice_should_offer_completions_for_flags_or_options "sluice push" fps' -l 'fps' -d 'Frame rate.' -rfka ''
complete -c 'sluice' -n '__sluice_should_offer_completions_for_flags_or_options "sluice push" gop' -l 'gop' -d 'Distance of key frames (default: 2s).' -rfka ''
complete -c 'sluice' -n '__sluice_should_offer_completions_for_flags_or_options "sluice push" preset' -l 'preset' -d 'Speed against quality (default: veryfast).' -rfka 'ultrafast superfast veryfast faster fast medium slow slower veryslow'
complete -c 'sluice' -n '__sluice_should_offer_completions_for_flags_or_options "sluice push" tune' -l 'tune' -d 'What the encoder favours (default: zerolatency).' -rfka 'zerolatency animation grain fastdecode psnr ssim'
complete -c 'sluice' -n '__sluice_should_offer_completions_for_flags_or_options "sluice push" profile' -l 'profile' -d 'The profile that the decoders can take.' -rfka 'baseline main high'
complete -c 'sluice' -n '__sluice_should_offer_completions_for_flags_or_options "sluice push" audio-bitrate' -l 'audio-bitrate' -d 'Audio bit rate (default: 128k).' -rfka ''
complete -c 'sluice' -n '__sluice_should_offer_completions_for_flags_or_options "sluice push" no-marks' -l 'no-marks' -d 'No latency marks in the picture.'
complete -c 'sluice' -n '__sluice_should_offer_completions_for_flags_or_options "sluice push" timeout' -l 'timeout' -d 'Bound every wait: connecting (default 5s) and silence (default 10s); 0 is for ever.' -rfka ''
complete -c 'sluice' -n '__sluice_should_offer_completions_for_flags_or_options "sluice push"' -l 'header' -d 'Send this header with HTTP requests; repeatable.' -rfka ''
complete -c 'sluice' -n '__sluice_should_offer_completions_for_flags_or_options "sluice push" user-agent' -l 'user-agent' -d 'Name this program so to servers.' -rfka ''
complete -c 'sluice' -n '__sluice_should_offer_completions_for_flags_or_options "sluice push"' -l 'av-option' -d 'Pass an option to FFmpeg; repeatable.' -rfka ''
complete -c 'sluice' -n '__sluice_should_offer_completions_for_flags_or_options "sluice push" rtsp-transport' -l 'rtsp-transport' -d 'The transport of RTSP (default: tcp).' -rfka 'tcp udp'
complete -c 'sluice' -n '__sluice_should_offer_completions_for_flags_or_options "sluice push" quality' -l 'quality' -d 'Which HLS variant to fetch: best, worst or a height such as 720p (default: best).' -rfka 'best worst 1080p 720p 480p 360p'
complete -c 'sluice' -n '__sluice_should_offer_completions_for_flags_or_options "sluice push" video-track' -l 'video-track' -d 'Take this video track; 0 is the first.' -rfka ''
complete -c 'sluice' -n '__sluice_should_offer_completions_for_flags_or_options "sluice push" audio-track' -l 'audio-track' -d 'Take this audio track; 0 is the first.' -rfka ''
complete -c 'sluice' -n '__sluice_should_offer_completions_for_flags_or_options "sluice push" insecure' -l 'insecure' -d 'Do not check certificates.'
complete -c 'sluice' -n '__sluice_should_offer_completions_for_flags_or_options "sluice push" json' -l 'json' -d 'Write events and the result to standard output, one JSON object a line.'
complete -c 'sluice' -n '__sluice_should_offer_completions_for_flags_or_options "sluice push" stats' -l 'stats' -d 'Write the events there as well.' -rF
complete -c 'sluice' -n '__sluice_should_offer_completions_for_flags_or_options "sluice push" log-level' -l 'log-level' -d 'How much is said on standard error (default: notice).' -rfka 'trace debug info notice warning error'
complete -c 'sluice' -n '__sluice_should_offer_completions_for_flags_or_options "sluice push" q quiet' -l 'quiet' -s 'q' -d 'Say nothing but errors.'
complete -c 'sluice' -n '__sluice_should_offer_completions_for_flags_or_options "sluice push" no-color' -l 'no-color' -d 'No colour on the terminal.'
complete -c 'sluice' -n '__sluice_should_offer_completions_for_flags_or_options "sluice push" version' -l 'version' -d 'Show the version.'
complete -c 'sluice' -n '__sluice_should_offer_completions_for_flags_or_options "sluice push" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'sluice' -n '__sluice_should_offer_completions_for_positional "sluice play" -ge 1' -F
complete -c 'sluice' -n '__sluice_should_offer_completions_for_flags_or_options "sluice play" i' -s 'i' -d 'The input, as the operand.' -rF
complete -c 'sluice' -n '__sluice_should_offer_completions_for_flags_or_options "sluice play" ss start-at' -l 'start-at' -o 'ss' -d 'Begin this far into the input.' -rfka ''
complete -c 'sluice' -n '__sluice_should_offer_completions_for_flags_or_options "sluice play" duration t' -s 't' -l 'duration' -d 'End after this time.' -rfka ''
complete -c 'sluice' -n '__sluice_should_offer_completions_for_flags_or_options "sluice play" exit-on-end' -l 'exit-on-end' -d 'Leave at the end of a live stream, also where there is a window.'
complete -c 'sluice' -n '__sluice_should_offer_completions_for_flags_or_options "sluice play" no-video vn' -l 'no-video' -o 'vn' -d 'No picture.'
complete -c 'sluice' -n '__sluice_should_offer_completions_for_flags_or_options "sluice play" an no-audio' -l 'no-audio' -o 'an' -d 'No sound.'
complete -c 'sluice' -n '__sluice_should_offer_completions_for_flags_or_options "sluice play" mode' -l 'mode' -d 'Delay that is aimed at: nobuffer holds no picture back, rtc learns 60 to 500 ms, live learns 100 ms to 5 s, smooth keeps 5 s (default: auto, live for live input).' -rfka 'auto nobuffer rtc live smooth'
complete -c 'sluice' -n '__sluice_should_offer_completions_for_flags_or_options "sluice play" nobuffer' -l 'nobuffer' -d 'Hold no picture back: show it when it is decoded. As --mode nobuffer.'
complete -c 'sluice' -n '__sluice_should_offer_completions_for_flags_or_options "sluice play" min-delay' -l 'min-delay' -d 'Least delay that is aimed at (default: the mode\'s).' -rfka ''
complete -c 'sluice' -n '__sluice_should_offer_completions_for_flags_or_options "sluice play" max-delay' -l 'max-delay' -d 'Greatest delay that is aimed at (default: the mode\'s).' -rfka ''
complete -c 'sluice' -n '__sluice_should_offer_completions_for_flags_or_options "sluice play" target-delay' -l 'target-delay' -d 'Aim at this delay, whatever the network does.' -rfka ''
complete -c 'sluice' -n '__sluice_should_offer_completions_for_flags_or_options "sluice play" max-rate' -l 'max-rate' -d 'Greatest speed while catching up, from 1 to 2 (default: 1.1).' -rfka ''
complete -c 'sluice' -n '__sluice_should_offer_completions_for_flags_or_options "sluice play" skip-above' -l 'skip-above' -d 'Skip when more than this behind the delay aimed at (default: nobuffer 300ms, rtc 1s, live 4s).' -rfka ''
complete -c 'sluice' -n '__sluice_should_offer_completions_for_flags_or_options "sluice play" vo' -l 'vo' -d 'Picture output (default: sdl where there is a display).' -rfka 'sdl null'
complete -c 'sluice' -n '__sluice_should_offer_completions_for_flags_or_options "sluice play" ao' -l 'ao' -d 'Sound output (default: sdl where there is a device).' -rfka 'sdl null'
complete -c 'sluice' -n '__sluice_should_offer_completions_for_flags_or_options "sluice play" hwaccel' -l 'hwaccel' -d 'Decode on a graphics device (VAAPI) where there is one: auto or none (default: auto).' -rfka 'auto none'
complete -c 'sluice' -n '__sluice_should_offer_completions_for_flags_or_options "sluice play" fs fullscreen' -l 'fullscreen' -o 'fs' -d 'Fill the screen.'
complete -c 'sluice' -n '__sluice_should_offer_completions_for_flags_or_options "sluice play" size' -l 'size' -d 'Size of the window, or of the pictures of --raw.' -rfka ''
complete -c 'sluice' -n '__sluice_should_offer_completions_for_flags_or_options "sluice play" title' -l 'title' -d 'Title of the window.' -rfka ''
complete -c 'sluice' -n '__sluice_should_offer_completions_for_flags_or_options "sluice play" volume volume' -l 'volume' -o 'volume' -d 'Volume from 0 to 100 (default: 100).' -rfka ''
complete -c 'sluice' -n '__sluice_should_offer_completions_for_flags_or_options "sluice play" raw' -l 'raw' -d 'Write the decoded pictures there; - is standard output.' -rF
complete -c 'sluice' -n '__sluice_should_offer_completions_for_flags_or_options "sluice play" pix-fmt' -l 'pix-fmt' -d 'Pixel format of --raw (default: the stream\'s own).' -rfka 'bgr24 rgb24 yuv420p nv12 bgra rgba gray'
complete -c 'sluice' -n '__sluice_should_offer_completions_for_flags_or_options "sluice play" wav' -l 'wav' -d 'Write the sound there as WAV; - is standard output.' -rF
complete -c 'sluice' -n '__sluice_should_offer_completions_for_flags_or_options "sluice play" snapshot' -l 'snapshot' -d 'Write the first picture there and go on.' -rfa '(for p in (string match -e -- \'*/\' (commandline -t);or printf \n)*.\'png\';printf %s\n $p;end;__fish_complete_directories (commandline -t) \'\')'
complete -c 'sluice' -n '__sluice_should_offer_completions_for_flags_or_options "sluice play" snapshot-every' -l 'snapshot-every' -d 'Write a picture again and again; %d in the name counts, %t is the time.' -rfka ''
complete -c 'sluice' -n '__sluice_should_offer_completions_for_flags_or_options "sluice play" record' -l 'record' -d 'Keep what is received there, as it is: mp4, or by the name.' -rfa '(set -l exts \'mp4\' \'mkv\' \'ts\' \'flv\';for p in (string match -e -- \'*/\' (commandline -t);or printf \n)*.{$exts};printf %s\n $p;end;__fish_complete_directories (commandline -t) \'\')'
complete -c 'sluice' -n '__sluice_should_offer_completions_for_flags_or_options "sluice play" wait' -l 'wait' -d 'Wait for an input that is not live yet, for ever or that long.'
complete -c 'sluice' -n '__sluice_should_offer_completions_for_flags_or_options "sluice play" reconnect' -l 'reconnect' -d 'How often a broken connection is made anew: off, a number of tries, or forever (default: forever).' -rfka 'off forever'
complete -c 'sluice' -n '__sluice_should_offer_completions_for_flags_or_options "sluice play" give-up' -l 'give-up' -d 'Give up when no media came for this long (default: 10m); 0 is never.' -rfka ''
complete -c 'sluice' -n '__sluice_should_offer_completions_for_flags_or_options "sluice play" fflags' -o 'fflags' -d 'nobuffer is --nobuffer.' -rfka 'nobuffer'
complete -c 'sluice' -n '__sluice_should_offer_completions_for_flags_or_options "sluice play" flags' -o 'flags' -d 'low_delay is --nobuffer.' -rfka 'low_delay'
complete -c 'sluice' -n '__sluice_should_offer_completions_for_flags_or_options "sluice play" nodisp' -o 'nodisp' -d 'No window, as --vo null.'
complete -c 'sluice' -n '__sluice_should_offer_completions_for_flags_or_options "sluice play" autoexit' -o 'autoexit' -d 'Leave at the end of the input.'
complete -c 'sluice' -n '__sluice_should_offer_completions_for_flags_or_options "sluice play" x' -s 'x' -d 'Width of the window.' -rfka ''
complete -c 'sluice' -n '__sluice_should_offer_completions_for_flags_or_options "sluice play" y' -s 'y' -d 'Height of the window.' -rfka ''
complete -c 'sluice' -n '__sluice_should_offer_completions_for_flags_or_options "sluice play" framedrop' -o 'framedrop' -d 'Accepted; not needed.'
complete -c 'sluice' -n '__sluice_should_offer_completions_for_flags_or_options "sluice play" probesize' -o 'probesize' -d 'Accepted; not needed.' -rfka ''
complete -c 'sluice' -n '__sluice_should_offer_completions_for_flags_or_options "sluice play" analyzeduration' -o 'analyzeduration' -d 'Accepted; not needed.' -rfka ''
complete -c 'sluice' -n '__sluice_should_offer_completions_for_flags_or_options "sluice play" sync' -o 'sync' -d 'Accepted; not needed.' -rfka ''
complete -c 'sluice' -n '__sluice_should_offer_completions_for_flags_or_options "sluice play" timeout' -l 'timeout' -d 'Bound every wait: connecting (default 5s) and silence (default 10s); 0 is for ever.' -rfka ''
complete -c 'sluice' -n '__sluice_should_offer_completions_for_flags_or_options "sluice play"' -l 'header' -d 'Send this header with HTTP requests; repeatable.' -rfka ''
complete -c 'sluice' -n '__sluice_should_offer_completions_for_flags_or_options "sluice play" user-agent' -l 'user-agent' -d 'Name this program so to servers.' -rfka ''
complete -c 'sluice' -n '__sluice_should_offer_completions_for_flags_or_options "sluice play"' -l 'av-option' -d 'Pass an option to FFmpeg; repeatable.' -rfka ''
complete -c 'sluice' -n '__sluice_should_offer_completions_for_flags_or_options "sluice play" rtsp-transport' -l 'rtsp-transport' -d 'The transport of RTSP (default: tcp).' -rfka 'tcp udp'
complete -c 'sluice' -n '__sluice_should_offer_completions_for_flags_or_options "sluice play" quality' -l 'quality' -d 'Which HLS variant to fetch: best, worst or a height such as 720p (default: best).' -rfka 'best worst 1080p 720p 480p 360p'
complete -c 'sluice' -n '__sluice_should_offer_completions_for_flags_or_options "sluice play" video-track' -l 'video-track' -d 'Take this video track; 0 is the first.' -rfka ''
complete -c 'sluice' -n '__sluice_should_offer_completions_for_flags_or_options "sluice play" audio-track' -l 'audio-track' -d 'Take this audio track; 0 is the first.' -rfka ''
complete -c 'sluice' -n '__sluice_should_offer_completions_for_flags_or_options "sluice play" insecure' -l 'insecure' -d 'Do not check certificates.'
complete -c 'sluice' -n '__sluice_should_offer_completions_for_flags_or_options "sluice play" json' -l 'json' -d 'Write events and the result to standard output, one JSON object a line.'
complete -c 'sluice' -n '__sluice_should_offer_completions_for_flags_or_options "sluice play" stats' -l 'stats' -d 'Write the events there as well.' -rF
complete -c 'sluice' -n '__sluice_should_offer_completions_for_flags_or_options "sluice play" log-level' -l 'log-level' -d 'How much is said on standard error (default: notice).' -rfka 'trace debug info notice warning error'
complete -c 'sluice' -n '__sluice_should_offer_completions_for_flags_or_options "sluice play" q quiet' -l 'quiet' -s 'q' -d 'Say nothing but errors.'
complete -c 'sluice' -n '__sluice_should_offer_completions_for_flags_or_options "sluice play" no-color' -l 'no-color' -d 'No colour on the terminal.'
complete -c 'sluice' -n '__sluice_should_offer_completions_for_flags_or_options "sluice play" version' -l 'version' -d 'Show the version.'
complete -c 'sluice' -n '__sluice_should_offer_completions_for_flags_or_options "sluice play" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'sluice' -n '__sluice_should_offer_completions_for_positional "sluice record" -ge 1' -F
complete -c 'sluice' -n '__sluice_should_offer_completions_for_flags_or_options "sluice record" i' -s 'i' -d 'The input, as the operand.' -rF
complete -c 'sluice' -n '__sluice_should_offer_completions_for_flags_or_options "sluice record" o' -s 'o' -d 'Names of the files, with {name}, {start} and {end} filled in (default: {name}_{start}_{end}.mp4); - is standard output.' -rF
complete -c 'sluice' -n '__sluice_should_offer_completions_for_flags_or_options "sluice record" format' -l 'format' -d 'The container (default: by the name of the file, else mp4).' -rfka 'mp4 mkv ts flv'
complete -c 'sluice' -n '__sluice_should_offer_completions_for_flags_or_options "sluice record" segment' -l 'segment' -d 'Length of a file (default: 90m); off is one file.' -rfka 'off'
complete -c 'sluice' -n '__sluice_should_offer_completions_for_flags_or_options "sluice record" at-clock' -l 'at-clock' -d 'Begin a new file when the clock on the wall shows a multiple of --segment.'
complete -c 'sluice' -n '__sluice_should_offer_completions_for_flags_or_options "sluice record" duration t' -s 't' -l 'duration' -d 'End after this time.' -rfka ''
complete -c 'sluice' -n '__sluice_should_offer_completions_for_flags_or_options "sluice record" max-disk' -l 'max-disk' -d 'Keep the files within this size, such as 10G: the oldest finished ones go first.' -rfka ''
complete -c 'sluice' -n '__sluice_should_offer_completions_for_flags_or_options "sluice record" list' -l 'list' -d 'List the recordings of a directory; an operand names one of them.' -rfa '(__sluice_complete_directories)'
complete -c 'sluice' -n '__sluice_should_offer_completions_for_flags_or_options "sluice record" repair' -l 'repair' -d 'Close the files of a directory that a crash has left open.' -rfa '(__sluice_complete_directories)'
complete -c 'sluice' -n '__sluice_should_offer_completions_for_flags_or_options "sluice record" wait' -l 'wait' -d 'Wait for an input that is not live yet, for ever or that long.'
complete -c 'sluice' -n '__sluice_should_offer_completions_for_flags_or_options "sluice record" reconnect' -l 'reconnect' -d 'How often a broken connection is made anew: off, a number of tries, or forever (default: forever).' -rfka 'off forever'
complete -c 'sluice' -n '__sluice_should_offer_completions_for_flags_or_options "sluice record" give-up' -l 'give-up' -d 'Give up when no media came for this long (default: 10m); 0 is never.' -rfka ''
complete -c 'sluice' -n '__sluice_should_offer_completions_for_flags_or_options "sluice record" timeout' -l 'timeout' -d 'Bound every wait: connecting (default 5s) and silence (default 10s); 0 is for ever.' -rfka ''
complete -c 'sluice' -n '__sluice_should_offer_completions_for_flags_or_options "sluice record"' -l 'header' -d 'Send this header with HTTP requests; repeatable.' -rfka ''
complete -c 'sluice' -n '__sluice_should_offer_completions_for_flags_or_options "sluice record" user-agent' -l 'user-agent' -d 'Name this program so to servers.' -rfka ''
complete -c 'sluice' -n '__sluice_should_offer_completions_for_flags_or_options "sluice record"' -l 'av-option' -d 'Pass an option to FFmpeg; repeatable.' -rfka ''
complete -c 'sluice' -n '__sluice_should_offer_completions_for_flags_or_options "sluice record" rtsp-transport' -l 'rtsp-transport' -d 'The transport of RTSP (default: tcp).' -rfka 'tcp udp'
complete -c 'sluice' -n '__sluice_should_offer_completions_for_flags_or_options "sluice record" quality' -l 'quality' -d 'Which HLS variant to fetch: best, worst or a height such as 720p (default: best).' -rfka 'best worst 1080p 720p 480p 360p'
complete -c 'sluice' -n '__sluice_should_offer_completions_for_flags_or_options "sluice record" video-track' -l 'video-track' -d 'Take this video track; 0 is the first.' -rfka ''
complete -c 'sluice' -n '__sluice_should_offer_completions_for_flags_or_options "sluice record" audio-track' -l 'audio-track' -d 'Take this audio track; 0 is the first.' -rfka ''
complete -c 'sluice' -n '__sluice_should_offer_completions_for_flags_or_options "sluice record" insecure' -l 'insecure' -d 'Do not check certificates.'
complete -c 'sluice' -n '__sluice_should_offer_completions_for_flags_or_options "sluice record" json' -l 'json' -d 'Write events and the result to standard output, one JSON object a line.'
complete -c 'sluice' -n '__sluice_should_offer_completions_for_flags_or_options "sluice record" stats' -l 'stats' -d 'Write the events there as well.' -rF
complete -c 'sluice' -n '__sluice_should_offer_completions_for_flags_or_options "sluice record" log-level' -l 'log-level' -d 'How much is said on standard error (default: notice).' -rfka 'trace debug info notice warning error'
complete -c 'sluice' -n '__sluice_should_offer_completions_for_flags_or_options "sluice record" q quiet' -l 'quiet' -s 'q' -d 'Say nothing but errors.'
complete -c 'sluice' -n '__sluice_should_offer_completions_for_flags_or_options "sluice record" no-color' -l 'no-color' -d 'No colour on the terminal.'
complete -c 'sluice' -n '__sluice_should_offer_completions_for_flags_or_options "sluice record" version' -l 'version' -d 'Show the version.'
complete -c 'sluice' -n '__sluice_should_offer_completions_for_flags_or_options "sluice record" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'sluice' -n '__sluice_should_offer_completions_for_positional "sluice probe" -ge 1' -F
complete -c 'sluice' -n '__sluice_should_offer_completions_for_flags_or_options "sluice probe" i' -s 'i' -d 'The input, as the operand.' -rF
complete -c 'sluice' -n '__sluice_should_offer_completions_for_flags_or_options "sluice probe" duration t' -s 't' -l 'duration' -d 'Observe for this long (default: until the first key frame; 5s where something is to be measured).' -rfka ''
complete -c 'sluice' -n '__sluice_should_offer_completions_for_flags_or_options "sluice probe" latency' -l 'latency' -d 'Measure the delay from capture to arrival, by the best method that the stream offers.'
complete -c 'sluice' -n '__sluice_should_offer_completions_for_flags_or_options "sluice probe" check' -l 'check' -d 'End with exit status 3 when the verdict is FAIL.'
complete -c 'sluice' -n '__sluice_should_offer_completions_for_flags_or_options "sluice probe"' -l 'expect' -d 'Conditions that must hold, such as \'video=h264,fps>=25,gop<=2s,latency<=3s\'; repeatable.' -rfka ''
complete -c 'sluice' -n '__sluice_should_offer_completions_for_flags_or_options "sluice probe" follow' -l 'follow' -d 'Tell how the stream fares once a second until stopped.'
complete -c 'sluice' -n '__sluice_should_offer_completions_for_flags_or_options "sluice probe" loopback' -l 'loopback' -d 'Publish a marked test stream there meanwhile, and measure the delay until it comes back.' -rfka ''
complete -c 'sluice' -n '__sluice_should_offer_completions_for_flags_or_options "sluice probe" wait' -l 'wait' -d 'Wait for an input that is not live yet, for ever or that long.'
complete -c 'sluice' -n '__sluice_should_offer_completions_for_flags_or_options "sluice probe" timeout' -l 'timeout' -d 'Bound every wait: connecting (default 5s) and silence (default 10s); 0 is for ever.' -rfka ''
complete -c 'sluice' -n '__sluice_should_offer_completions_for_flags_or_options "sluice probe"' -l 'header' -d 'Send this header with HTTP requests; repeatable.' -rfka ''
complete -c 'sluice' -n '__sluice_should_offer_completions_for_flags_or_options "sluice probe" user-agent' -l 'user-agent' -d 'Name this program so to servers.' -rfka ''
complete -c 'sluice' -n '__sluice_should_offer_completions_for_flags_or_options "sluice probe"' -l 'av-option' -d 'Pass an option to FFmpeg; repeatable.' -rfka ''
complete -c 'sluice' -n '__sluice_should_offer_completions_for_flags_or_options "sluice probe" rtsp-transport' -l 'rtsp-transport' -d 'The transport of RTSP (default: tcp).' -rfka 'tcp udp'
complete -c 'sluice' -n '__sluice_should_offer_completions_for_flags_or_options "sluice probe" quality' -l 'quality' -d 'Which HLS variant to fetch: best, worst or a height such as 720p (default: best).' -rfka 'best worst 1080p 720p 480p 360p'
complete -c 'sluice' -n '__sluice_should_offer_completions_for_flags_or_options "sluice probe" video-track' -l 'video-track' -d 'Take this video track; 0 is the first.' -rfka ''
complete -c 'sluice' -n '__sluice_should_offer_completions_for_flags_or_options "sluice probe" audio-track' -l 'audio-track' -d 'Take this audio track; 0 is the first.' -rfka ''
complete -c 'sluice' -n '__sluice_should_offer_completions_for_flags_or_options "sluice probe" insecure' -l 'insecure' -d 'Do not check certificates.'
complete -c 'sluice' -n '__sluice_should_offer_completions_for_flags_or_options "sluice probe" json' -l 'json' -d 'Write events and the result to standard output, one JSON object a line.'
complete -c 'sluice' -n '__sluice_should_offer_completions_for_flags_or_options "sluice probe" stats' -l 'stats' -d 'Write the events there as well.' -rF
complete -c 'sluice' -n '__sluice_should_offer_completions_for_flags_or_options "sluice probe" log-level' -l 'log-level' -d 'How much is said on standard error (default: notice).' -rfka 'trace debug info notice warning error'
complete -c 'sluice' -n '__sluice_should_offer_completions_for_flags_or_options "sluice probe" q quiet' -l 'quiet' -s 'q' -d 'Say nothing but errors.'
complete -c 'sluice' -n '__sluice_should_offer_completions_for_flags_or_options "sluice probe" no-color' -l 'no-color' -d 'No colour on the terminal.'
complete -c 'sluice' -n '__sluice_should_offer_completions_for_flags_or_options "sluice probe" version' -l 'version' -d 'Show the version.'
complete -c 'sluice' -n '__sluice_should_offer_completions_for_flags_or_options "sluice probe" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'sluice' -n '__sluice_should_offer_completions_for_flags_or_options "sluice stream-start" print' -l 'print' -d 'Print this field alone.' -rfka 'channel channel_id stream_id publish_url watch.rtmp watch.flv watch.hls state pid origin_pid'
complete -c 'sluice' -n '__sluice_should_offer_completions_for_flags_or_options "sluice stream-start" foreground' -l 'foreground' -d 'Stay in the foreground until the stream is stopped.'
complete -c 'sluice' -n '__sluice_should_offer_completions_for_flags_or_options "sluice stream-start" reuse' -l 'reuse' -d 'Take a channel that is running already as it is.'
complete -c 'sluice' -n '__sluice_should_offer_completions_for_flags_or_options "sluice stream-start" no-wait' -l 'no-wait' -d 'Fail where a channel that was stopped less than 3 s ago would be waited for.'
complete -c 'sluice' -n '__sluice_should_offer_completions_for_flags_or_options "sluice stream-start" stream-id' -l 'stream-id' -d 'The last part of the addresses (default: made anew, kept for an hour).' -rfka ''
complete -c 'sluice' -n '__sluice_should_offer_completions_for_flags_or_options "sluice stream-start" quota' -l 'quota' -d 'Start no more than this many channels (default: 50).' -rfka ''
complete -c 'sluice' -n '__sluice_should_offer_completions_for_flags_or_options "sluice stream-start" rtmp-port' -l 'rtmp-port' -d 'The origin\'s port for RTMP (default: 1935); 0 is any free one.' -rfka ''
complete -c 'sluice' -n '__sluice_should_offer_completions_for_flags_or_options "sluice stream-start" http-port' -l 'http-port' -d 'The origin\'s port for HTTP (default: 8080); 0 is any free one.' -rfka ''
complete -c 'sluice' -n '__sluice_should_offer_completions_for_flags_or_options "sluice stream-start"' -s 'i' -d 'An input, as the operand; repeatable.' -rF
complete -c 'sluice' -n '__sluice_should_offer_completions_for_flags_or_options "sluice stream-start" loop' -l 'loop' -d 'Play the input again and again, or N times in all.'
complete -c 'sluice' -n '__sluice_should_offer_completions_for_flags_or_options "sluice stream-start" start-at' -l 'start-at' -d 'Begin this far into the input.' -rfka ''
complete -c 'sluice' -n '__sluice_should_offer_completions_for_flags_or_options "sluice stream-start" duration t' -s 't' -l 'duration' -d 'End after this time.' -rfka ''
complete -c 'sluice' -n '__sluice_should_offer_completions_for_flags_or_options "sluice stream-start" no-pace' -l 'no-pace' -d 'Send as fast as the target takes it.'
complete -c 'sluice' -n '__sluice_should_offer_completions_for_flags_or_options "sluice stream-start" live' -l 'live' -d 'Whether the input is live (default: by its kind).' -rfka 'on off'
complete -c 'sluice' -n '__sluice_should_offer_completions_for_flags_or_options "sluice stream-start" format' -l 'format' -d 'The container of the target (default: by its address).' -rfka 'flv mpegts matroska mp4 nut'
complete -c 'sluice' -n '__sluice_should_offer_completions_for_flags_or_options "sluice stream-start" input-format' -l 'input-format' -d 'The container of the input where it cannot be recognised; rawvideo for bare pictures.' -rfka 'rawvideo mpegts flv matroska mp4 h264 hevc nut'
complete -c 'sluice' -n '__sluice_should_offer_completions_for_flags_or_options "sluice stream-start" input-pix-fmt' -l 'input-pix-fmt' -d 'Pixel format of raw video.' -rfka 'yuv420p nv12 bgr24 rgb24 bgra rgba gray yuyv422'
complete -c 'sluice' -n '__sluice_should_offer_completions_for_flags_or_options "sluice stream-start" input-size' -l 'input-size' -d 'Picture size of raw video.' -rfka ''
complete -c 'sluice' -n '__sluice_should_offer_completions_for_flags_or_options "sluice stream-start" input-fps' -l 'input-fps' -d 'Frame rate of raw video.' -rfka ''
complete -c 'sluice' -n '__sluice_should_offer_completions_for_flags_or_options "sluice stream-start" video' -l 'video' -d 'What becomes of the picture (default: copy where the target can carry it, else h264).' -rfka 'copy h264 hevc none'
complete -c 'sluice' -n '__sluice_should_offer_completions_for_flags_or_options "sluice stream-start" audio' -l 'audio' -d 'What becomes of the sound (default: copy where the target can carry it, else aac).' -rfka 'copy aac opus none'
complete -c 'sluice' -n '__sluice_should_offer_completions_for_flags_or_options "sluice stream-start" bitrate' -l 'bitrate' -d 'Video bit rate (default: by picture size).' -rfka ''
complete -c 'sluice' -n '__sluice_should_offer_completions_for_flags_or_options "sluice stream-start" size' -l 'size' -d 'Picture size.' -rfka ''
complete -c 'sluice' -n '__sluice_should_offer_completions_for_flags_or_options "sluice stream-start" fps' -l 'fps' -d 'Frame rate.' -rfka ''
complete -c 'sluice' -n '__sluice_should_offer_completions_for_flags_or_options "sluice stream-start" gop' -l 'gop' -d 'Distance of key frames (default: 2s).' -rfka ''
complete -c 'sluice' -n '__sluice_should_offer_completions_for_flags_or_options "sluice stream-start" preset' -l 'preset' -d 'Speed against quality (default: veryfast).' -rfka 'ultrafast superfast veryfast faster fast medium slow slower veryslow'
complete -c 'sluice' -n '__sluice_should_offer_completions_for_flags_or_options "sluice stream-start" tune' -l 'tune' -d 'What the encoder favours (default: zerolatency).' -rfka 'zerolatency animation grain fastdecode psnr ssim'
complete -c 'sluice' -n '__sluice_should_offer_completions_for_flags_or_options "sluice stream-start" profile' -l 'profile' -d 'The profile that the decoders can take.' -rfka 'baseline main high'
complete -c 'sluice' -n '__sluice_should_offer_completions_for_flags_or_options "sluice stream-start" audio-bitrate' -l 'audio-bitrate' -d 'Audio bit rate (default: 128k).' -rfka ''
complete -c 'sluice' -n '__sluice_should_offer_completions_for_flags_or_options "sluice stream-start" no-marks' -l 'no-marks' -d 'No latency marks in the picture.'
complete -c 'sluice' -n '__sluice_should_offer_completions_for_flags_or_options "sluice stream-start" timeout' -l 'timeout' -d 'Bound every wait: connecting (default 5s) and silence (default 10s); 0 is for ever.' -rfka ''
complete -c 'sluice' -n '__sluice_should_offer_completions_for_flags_or_options "sluice stream-start"' -l 'header' -d 'Send this header with HTTP requests; repeatable.' -rfka ''
complete -c 'sluice' -n '__sluice_should_offer_completions_for_flags_or_options "sluice stream-start" user-agent' -l 'user-agent' -d 'Name this program so to servers.' -rfka ''
complete -c 'sluice' -n '__sluice_should_offer_completions_for_flags_or_options "sluice stream-start"' -l 'av-option' -d 'Pass an option to FFmpeg; repeatable.' -rfka ''
complete -c 'sluice' -n '__sluice_should_offer_completions_for_flags_or_options "sluice stream-start" rtsp-transport' -l 'rtsp-transport' -d 'The transport of RTSP (default: tcp).' -rfka 'tcp udp'
complete -c 'sluice' -n '__sluice_should_offer_completions_for_flags_or_options "sluice stream-start" quality' -l 'quality' -d 'Which HLS variant to fetch: best, worst or a height such as 720p (default: best).' -rfka 'best worst 1080p 720p 480p 360p'
complete -c 'sluice' -n '__sluice_should_offer_completions_for_flags_or_options "sluice stream-start" video-track' -l 'video-track' -d 'Take this video track; 0 is the first.' -rfka ''
complete -c 'sluice' -n '__sluice_should_offer_completions_for_flags_or_options "sluice stream-start" audio-track' -l 'audio-track' -d 'Take this audio track; 0 is the first.' -rfka ''
complete -c 'sluice' -n '__sluice_should_offer_completions_for_flags_or_options "sluice stream-start" insecure' -l 'insecure' -d 'Do not check certificates.'
complete -c 'sluice' -n '__sluice_should_offer_completions_for_flags_or_options "sluice stream-start" json' -l 'json' -d 'Write events and the result to standard output, one JSON object a line.'
complete -c 'sluice' -n '__sluice_should_offer_completions_for_flags_or_options "sluice stream-start" stats' -l 'stats' -d 'Write the events there as well.' -rF
complete -c 'sluice' -n '__sluice_should_offer_completions_for_flags_or_options "sluice stream-start" log-level' -l 'log-level' -d 'How much is said on standard error (default: notice).' -rfka 'trace debug info notice warning error'
complete -c 'sluice' -n '__sluice_should_offer_completions_for_flags_or_options "sluice stream-start" q quiet' -l 'quiet' -s 'q' -d 'Say nothing but errors.'
complete -c 'sluice' -n '__sluice_should_offer_completions_for_flags_or_options "sluice stream-start" no-color' -l 'no-color' -d 'No colour on the terminal.'
complete -c 'sluice' -n '__sluice_should_offer_completions_for_flags_or_options "sluice stream-start" version' -l 'version' -d 'Show the version.'
complete -c 'sluice' -n '__sluice_should_offer_completions_for_flags_or_options "sluice stream-start" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'sluice' -n '__sluice_should_offer_completions_for_flags_or_options "sluice stream-stop" all' -l 'all' -d 'Stop all channels.'
complete -c 'sluice' -n '__sluice_should_offer_completions_for_flags_or_options "sluice stream-stop" json' -l 'json' -d 'Write events and the result to standard output, one JSON object a line.'
complete -c 'sluice' -n '__sluice_should_offer_completions_for_flags_or_options "sluice stream-stop" stats' -l 'stats' -d 'Write the events there as well.' -rF
complete -c 'sluice' -n '__sluice_should_offer_completions_for_flags_or_options "sluice stream-stop" log-level' -l 'log-level' -d 'How much is said on standard error (default: notice).' -rfka 'trace debug info notice warning error'
complete -c 'sluice' -n '__sluice_should_offer_completions_for_flags_or_options "sluice stream-stop" q quiet' -l 'quiet' -s 'q' -d 'Say nothing but errors.'
complete -c 'sluice' -n '__sluice_should_offer_completions_for_flags_or_options "sluice stream-stop" no-color' -l 'no-color' -d 'No colour on the terminal.'
complete -c 'sluice' -n '__sluice_should_offer_completions_for_flags_or_options "sluice stream-stop" version' -l 'version' -d 'Show the version.'
complete -c 'sluice' -n '__sluice_should_offer_completions_for_flags_or_options "sluice stream-stop" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'sluice' -n '__sluice_should_offer_completions_for_flags_or_options "sluice stream-list" json' -l 'json' -d 'Write events and the result to standard output, one JSON object a line.'
complete -c 'sluice' -n '__sluice_should_offer_completions_for_flags_or_options "sluice stream-list" stats' -l 'stats' -d 'Write the events there as well.' -rF
complete -c 'sluice' -n '__sluice_should_offer_completions_for_flags_or_options "sluice stream-list" log-level' -l 'log-level' -d 'How much is said on standard error (default: notice).' -rfka 'trace debug info notice warning error'
complete -c 'sluice' -n '__sluice_should_offer_completions_for_flags_or_options "sluice stream-list" q quiet' -l 'quiet' -s 'q' -d 'Say nothing but errors.'
complete -c 'sluice' -n '__sluice_should_offer_completions_for_flags_or_options "sluice stream-list" no-color' -l 'no-color' -d 'No colour on the terminal.'
complete -c 'sluice' -n '__sluice_should_offer_completions_for_flags_or_options "sluice stream-list" version' -l 'version' -d 'Show the version.'
complete -c 'sluice' -n '__sluice_should_offer_completions_for_flags_or_options "sluice stream-list" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'sluice' -n '__sluice_should_offer_completions_for_flags_or_options "sluice help" version' -l 'version' -d 'Show the version.'
