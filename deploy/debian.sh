# shellcheck shell=bash
# Shell functions shared by the scripts of deploy/ and tests/: messages, the cache directory, and
# fetching from the Debian repositories that this machine already uses. Source it; it does nothing
# on its own.
#
#   I1  Nothing here changes the machine's own package lists, archives or packages.
#   I2  Nothing here names a repository: every address comes from the machine's apt sources.

say() { printf '%s: %s\n' "${PROGRAM:-fairlead}" "$*" >&2; }

die() {
  say "error: $*"
  exit 1
}

# Prints the directory for everything that is built or fetched once and kept outside the tree.
cache_dir() {
  printf '%s\n' "${FAIRLEAD_CACHE:-${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/fairlead}"
}

# need COMMAND HINT: stops with HINT unless COMMAND is there.
need() { command -v "$1" >/dev/null || die "'$1' is missing: $2"; }

debian_codename() { (. /etc/os-release && printf '%s\n' "${VERSION_CODENAME:-}"); }

# Prints "REPOSITORY SUITE" for each Debian suite among the machine's apt sources, in either file
# format. Third-party repositories are told apart by the origin in their release file; on a machine
# that has no package lists yet, by suite and component (their signature is still checked later).
debian_suites() {
  local codename known
  codename=$(debian_codename)
  # shellcheck disable=SC2016  # apt expands these
  known=$(apt-get indextargets --format '$(ORIGIN) $(REPO_URI) $(RELEASE) $(COMPONENT)' \
    'Created-By: Packages' | sed -n 's/^Debian //p')
  # shellcheck disable=SC2016
  [[ $known ]] || known=$(apt-get indextargets --no-release-info \
    --format '$(REPO_URI) $(RELEASE) $(COMPONENT)' 'Created-By: Packages')
  awk -v c="$codename" '
    $3 == "main" && ($2 == c || $2 == c "-updates" || $2 == c "-security") { print $1, $2 }
  ' <<<"$known" | sort -u
}

# debian_source_list: prints one-line apt sources (deb and deb-src) for the suites above.
debian_source_list() {
  local uri suite keyring=/usr/share/keyrings/debian-archive-keyring.gpg options=
  [[ -r $keyring ]] && options="[signed-by=$keyring] "
  debian_suites | while read -r uri suite; do
    printf 'deb %s%s %s main\n' "$options" "$uri" "$suite"
    printf 'deb-src %s%s %s main\n' "$options" "$uri" "$suite"
  done
}

# private_apt_init DIR: prepares an apt whose lists and archives live in DIR, and reads the lists.
# Works without root.
private_apt_init() {
  local dir=$1
  mkdir -p "$dir/lists/partial" "$dir/cache/archives/partial"
  debian_source_list >"$dir/sources.list"
  [[ -s $dir/sources.list ]] ||
    die "no Debian $(debian_codename) suite among this machine's apt sources (component main)"
  cat >"$dir/apt.conf" <<CONF
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
#clear DPkg::Post-Invoke;
#clear Acquire::IndexTargets::deb::DEP-11;
Dir::State::lists "$dir/lists";
Dir::Cache "$dir/cache";
Dir::Etc::SourceList "$dir/sources.list";
Dir::Etc::SourceParts "/dev/null";
Dir::Etc::PreferencesParts "/dev/null";
Acquire::Languages "none";
Acquire::Retries "3";
APT::Sandbox::User "root";
CONF
  private_apt "$dir" update >"$dir/update.log" 2>&1 || {
    tail -n 15 "$dir/update.log" >&2
    die "cannot read Debian's package lists (network? apt proxy settings?)"
  }
}

# private_apt DIR ARGS...: apt-get on the lists of DIR.
private_apt() {
  local dir=$1
  shift
  apt-get -q -c "$dir/apt.conf" "$@" </dev/null
}

# unpack_package DIR PACKAGE ROOT: downloads PACKAGE and unpacks it under ROOT, installing nothing.
# No maintainer script runs, so no service starts.
unpack_package() {
  local dir=$1 package=$2 root=$3 debs
  debs=$(mktemp -d "$dir/deb.XXXXXX")
  (cd "$debs" && private_apt "$dir" download "$package") >"$debs/log" 2>&1 || {
    tail -n 5 "$debs/log" >&2
    die "cannot download Debian's package '$package'"
  }
  mkdir -p "$root"
  dpkg-deb -x "$debs"/*.deb "$root"
  rm -rf "$debs"
}

# tool_package TOOL: prints "PACKAGE PATH" of a program that is used without being installed: these
# packages start daemons (etcd, prometheus) or conflict with other vendors' packages (kubectl).
tool_package() {
  case $1 in
    etcd) echo etcd-server usr/bin/etcd ;;
    kubectl) echo kubernetes-client usr/bin/kubectl ;;
    promtool) echo prometheus usr/bin/promtool ;;
    postgres) echo postgresql-15 . ;; # all of it: programs, libraries and templates
    *) die "no such tool: $1" ;;
  esac
}

tools_dir() { printf '%s/tools/%s-%s\n' "$(cache_dir)" "$(debian_codename)" "$(uname -m)"; }

# fetch_tools TOOL...: makes sure that each TOOL lies in tools_dir; reads the network only if not.
fetch_tools() {
  local tools missing=() tool work package path
  tools=$(tools_dir)
  for tool in "$@"; do
    [[ -x $tools/$tool ]] || missing+=("$tool")
  done
  ((${#missing[@]})) || return 0
  mkdir -p "$tools"
  find "$tools" -maxdepth 1 -name '.fetch.*' -mmin +60 -exec rm -rf {} + # of killed runs
  work=$(mktemp -d "$tools/.fetch.XXXXXX")
  private_apt_init "$work"
  for tool in "${missing[@]}"; do
    say "fetching $tool into $tools"
    read -r package path <<<"$(tool_package "$tool")"
    unpack_package "$work" "$package" "$work/$tool"
    if [[ $path == . ]]; then
      mv -fT "$work/$tool" "$tools/$tool"
    else
      mv -f "$work/$tool/$path" "$tools/$tool"
    fi
  done
  rm -rf "$work"
}

# use_ccache: compiler output is cached outside the tree. Needs ROOT.
use_ccache() {
  local cache
  cache=$(cache_dir)
  export FAIRLEAD_CACHE=$cache
  export CCACHE_DIR=${CCACHE_DIR:-$cache/ccache}
  export CCACHE_MAXSIZE=${CCACHE_MAXSIZE:-5G}
  # So that clones in other folders share results.
  export CCACHE_BASEDIR=${CCACHE_BASEDIR:-$ROOT} CCACHE_NOHASHDIR=${CCACHE_NOHASHDIR:-1}
  mkdir -p "$CCACHE_DIR"
}
