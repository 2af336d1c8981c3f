#!/bin/sh
# Unpacks what lies beside this file, finds the Vulkan driver, and runs all benches: sh run.sh [RESULTS-FILE]
# MORLET_GPU_SECONDS is the time limit (480), MORLET_GPU_SIZES=tiny is for a software adapter.
set -eu
began=$(date +%s)
here=$(cd "$(dirname "$0")" && pwd)
results=${1:-gpu-bench.jsonl}
case $results in /*) ;; *) results=$PWD/$results ;; esac

fail() { echo "morlet: $*" >&2; exit 1; }
for tool in tar xz; do
  command -v $tool >/dev/null || fail "$tool is missing: install it"
done
[ "$(uname -sm)" = "Linux x86_64" ] || fail "this is packed for Linux on x86-64, not for $(uname -sm)"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
tar -xJf "$here/runtime.tar.xz" -C "$work"
cp "$here"/*.mjs "$here"/*.json "$here"/peer.py "$work/"

# Packages of Debian or Ubuntu that lie here lend their libraries: for a driver that needs some which the machine lacks.
for package in "$here"/*.deb; do
  [ -e "$package" ] || continue
  dpkg -x "$package" "$work/packages"
done
libraries=
for folder in "$work"/packages/usr/lib/x86_64-linux-gnu "$work"/packages/lib/x86_64-linux-gnu /usr/local/nvidia/lib64; do
  [ -d "$folder" ] && libraries=$libraries${libraries:+:}$folder
done
known() { # whether the linker would find this library
  if (ldconfig -p || /sbin/ldconfig -p) 2>/dev/null | grep -q "[[:space:]]$1 "; then return 0; fi
  echo "$libraries:${LD_LIBRARY_PATH:-}" | tr : '\n' | while read -r folder; do
    if [ -n "$folder" ] && [ -e "$folder/$1" ]; then echo yes; fi
  done | grep -q yes
}
known libvulkan.so.1 || libraries=$libraries${libraries:+:}$work/loader
if [ -n "$libraries" ]; then
  export LD_LIBRARY_PATH="$libraries${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"
fi

# The driver: what the environment names, else NVIDIA's registration, else one made here, else what the loader finds.
driver=${VK_DRIVER_FILES:-${VK_ICD_FILENAMES:-}}
driver=${driver%%:*}
if [ -z "$driver" ]; then
  for folder in /etc /usr/share /usr/local/share /usr/local/etc /usr/local/nvidia/share; do
    for file in "$folder"/vulkan/icd.d/*nvidia*.json; do
      [ -e "$file" ] && [ -z "$driver" ] && driver=$file
    done
  done
  if [ -z "$driver" ]; then
    for library in libGLX_nvidia.so.0 libEGL_nvidia.so.0; do
      if [ -z "$driver" ] && known $library; then
        driver=$work/nvidia_icd.json
        printf '{"file_format_version":"1.0.1","ICD":{"library_path":"%s","api_version":"1.3.0"}}\n' $library >"$driver"
      fi
    done
  fi
  if [ -n "$driver" ]; then
    export VK_DRIVER_FILES="$driver" VK_ICD_FILENAMES="$driver"
  elif ! ls /etc/vulkan/icd.d/*.json /usr/share/vulkan/icd.d/*.json /usr/local/share/vulkan/icd.d/*.json >/dev/null 2>&1; then
    fail "no Vulkan driver is registered: install the GPU's graphics driver, or name its JSON file in VK_DRIVER_FILES"
  fi
fi
if [ -n "$driver" ]; then
  [ -e "$driver" ] || fail "the Vulkan driver $driver is not there"
  library=$(sed -n 's/.*"library_path"[^"]*"\([^"]*\)".*/\1/p' "$driver" | head -n 1)
  case $library in
    /*) ;;
    */*) library=$(dirname "$driver")/$library ;;
    *) # a bare name: where the linker has it
      name=$library
      library=$(ldconfig -p 2>/dev/null | sed -n "s/.*[[:space:]]$name .*x86-64.*=> //p" | head -n 1)
      [ -n "$library" ] || library=$(echo "${LD_LIBRARY_PATH:-}" | tr : '\n' | while read -r folder; do
        if [ -e "$folder/$name" ]; then echo "$folder/$name"; fi
      done | head -n 1)
      [ -n "$library" ] || fail "the Vulkan driver $driver names $name, which is nowhere: the machine has no graphics part of the driver"
      ;;
  esac
  missing=$(ldd "$library" 2>/dev/null | sed -n 's/^[[:space:]]*\([^ ]*\) => not found.*/\1/p' | sort -u | tr '\n' ' ')
  [ -z "$missing" ] || fail "the Vulkan driver $library lacks $missing: put the .deb packages that have them beside run.sh"
  echo "morlet: Vulkan driver $library" >&2
fi
"$work/node" --version >/dev/null || fail "Node does not start here: see above"

cd "$work"
seconds=$((${MORLET_GPU_SECONDS:-480} - $(date +%s) + began))
"$work/node" main.mjs "$results" "$seconds"
echo "morlet: results in $results" >&2
