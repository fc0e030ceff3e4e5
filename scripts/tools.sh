# Where the tools of the tests are; sourced by the other scripts.

# postgres_bin prints the folder that holds initdb and postgres: POSTGRES_BIN, else that of the newest Debian package, else
# the one on PATH. Fails when there is none.
postgres_bin() {
  local dir
  for dir in "${POSTGRES_BIN:-}" $(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -t/ -k5 -rn) "$(dirname "$(command -v initdb || echo /none/initdb)")"; do
    if [ -n "$dir" ] && [ -x "$dir/initdb" ] && [ -x "$dir/postgres" ]; then
      echo "$dir"
      return
    fi
  done
  return 1
}

# chromium_path prints the browser: CHROMIUM_PATH, else the first of its usual names. Fails when there is none. Chromium without a
# window comes first: it draws the same pages with two thirds of the work.
chromium_path() {
  local name
  for name in "${CHROMIUM_PATH:-}" chromium-headless-shell chromium chromium-browser google-chrome-stable google-chrome; do
    if [ -n "$name" ] && command -v "$name"; then
      return
    fi
  done
  return 1
}

# chinese_font tells whether pages in Chinese can be drawn.
chinese_font() {
  if command -v fc-list >/dev/null; then
    [ -n "$(fc-list :lang=zh-cn family)" ]
  else
    [ -e /usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc ]
  fi
}
