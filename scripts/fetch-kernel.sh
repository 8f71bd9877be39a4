#!/usr/bin/env bash
# fetch-kernel.sh SUITE FOLDER: unpacks the kernel that linux-image-amd64 stands for in another suite of Debian's, from the mirror that apt uses here. Nothing is installed,
# and apt's own lists stay as they are. `scripts/fetch-kernel.sh trixie-backports build/linux-fred` gets one with CONFIG_X86_FRED.
set -euo pipefail
suite=$1 folder=$2
mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Label: Debian' | head -1)
[ -n "$mirror" ] || { echo "fetch-kernel.sh: apt knows no mirror of Debian's" >&2; exit 1; }

work=$(mktemp -d)
trap 'rm -r "$work"' EXIT
mkdir -p "$work/lists/partial" "$work/cache/archives/partial" "$folder"
echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror $suite main" >"$work/sources.list"
cat >"$work/apt.conf" <<END
Dir::Etc::sourcelist "$work/sources.list";
Dir::Etc::sourceparts "-";
Dir::State::lists "$work/lists";
Dir::Cache "$work/cache";
APT::Sandbox::User "root";
END
export APT_CONFIG=$work/apt.conf

# linux-image-amd64 depends on linux-image-VERSION, which is the kernel or depends on linux-binary-VERSION.
needs() { apt-cache depends "$1" | sed -n "s/.*Depends: \($2-[0-9].*\)/\1/p" | head -1; }
apt-get update -qq
image=$(needs linux-image-amd64 linux-image)
package=$(needs "$image" linux-binary)
(cd "$work" && apt-get download -qq "${package:-$image}")
dpkg -x "$work"/*.deb "$folder"
