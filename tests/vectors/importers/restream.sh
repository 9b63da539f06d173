#!/bin/sh
# -i is what OBS sends
ffmpeg -hide_banner -listen 1 -i rtmp://127.0.0.1:1935/live/CANARY-cmd-ingest -map 0 -c copy \
  -f tee "[f=flv:onfail=ignore]rtmp://a.rtmp.youtube.com/live2/CANARY-cmd-youtube|[f=flv:onfail=ignore]rtmp://live.twitch.tv/app/$TWITCH_KEY|[f=matroska]/srv/tape 100%.mkv" 2>/dev/null
