#!/usr/bin/env bash
# Installs what the tests need beyond Go and Node: a PostgreSQL server, Chromium and a Chinese font.
# Installs only what is missing, by apt, as root or through sudo. Where it cannot, it says what is missing and why, and fails.
set -euo pipefail
cd "$(dirname "$0")"
. ./tools.sh

missing=()
postgres_bin >/dev/null || missing+=(postgresql)
chromium_path >/dev/null || missing+=(chromium-headless-shell)
chinese_font || missing+=(fonts-noto-cjk)
if [ ${#missing[@]} -eq 0 ]; then
  echo "PostgreSQL: $(postgres_bin); Chromium: $(chromium_path); a Chinese font: present"
  exit 0
fi

fail() {
  echo "The tests need: ${missing[*]} (names of Debian packages). $1" >&2
  echo "Install them, or point to others: POSTGRES_BIN (folder of initdb), CHROMIUM_PATH (a Chromium or Chrome)." >&2
  exit 1
}

command -v apt-get >/dev/null || fail "They cannot be installed here: this machine has no apt-get."
if [ "$(id -u)" -eq 0 ]; then
  as_root=()
elif ! command -v sudo >/dev/null; then
  fail "They cannot be installed here: you are not root and there is no sudo."
elif sudo -n true 2>/dev/null || [ -t 0 ]; then
  as_root=(sudo)
else
  fail "They cannot be installed here: sudo asks for a password and there is no terminal to type it on."
fi

echo "Installing ${missing[*]}"
export DEBIAN_FRONTEND=noninteractive
"${as_root[@]}" apt-get update -qq || fail "apt-get update failed; the reason stands above."
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null ||
  fail "apt-get install failed; the reason stands above."

postgres_bin >/dev/null || { missing=(postgresql); fail "It was installed, yet no initdb is found."; }
chromium_path >/dev/null || { missing=(chromium-headless-shell); fail "It was installed, yet no browser is found."; }
