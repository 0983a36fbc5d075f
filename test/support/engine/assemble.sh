#!/usr/bin/env bash
# Turns a folder of .deb files into a root file system: unpacked, not installed, so nothing of it ever runs on this machine.
# usage: assemble.sh DEBS ROOT
set -Eeuo pipefail
debs=$1 root=$2

mkdir -p "$root"/{usr/{bin,sbin,lib,lib64,local/bin},etc,root,proc,sys,dev,run,tmp,var/{tmp,lib}}
for dir in bin sbin lib lib64; do ln -s "usr/$dir" "$root/$dir"; done
ln -s /run "$root/var/run"
chmod 1777 "$root/tmp" "$root/var/tmp"

for deb in "$debs"/*.deb; do
	dpkg-deb --fsys-tarfile "$deb" | tar -x --keep-directory-symlink -C "$root" \
		--exclude='./usr/share/doc/*' --exclude='./usr/share/man/*' --exclude='./usr/share/locale/*/LC_MESSAGES/*' \
		--exclude='./usr/share/info/*' --exclude='./usr/share/lintian/*' --exclude='./usr/lib/postgresql/*/lib/bitcode' \
		--exclude='./usr/lib/postgresql/*/lib/llvmjit*' --exclude='./usr/share/zoneinfo/right'
done

# What the packages' own scripts would have done.
cp "$root/usr/share/base-passwd/passwd.master" "$root/etc/passwd"
cp "$root/usr/share/base-passwd/group.master" "$root/etc/group"
printf 'hosts: files dns\n' >"$root/etc/nsswitch.conf"
[ -e "$root/usr/bin/sh" ] || ln -s dash "$root/usr/bin/sh"
[ -e "$root/usr/bin/awk" ] || ln -s mawk "$root/usr/bin/awk"
ln -sf /usr/share/zoneinfo/Etc/UTC "$root/etc/localtime"
chroot "$root" /sbin/ldconfig

if [ -d "$root/usr/share/i18n" ]; then
	chroot "$root" localedef -i en_US -c -f UTF-8 en_US.UTF-8
	rm -rf "$root/usr/share/i18n"
fi

for server in "$root"/usr/lib/postgresql/*; do
	[ -d "$server" ] || continue
	major=${server##*/}
	echo 'postgres:x:999:999::/var/lib/postgresql:/bin/bash' >>"$root/etc/passwd"
	echo 'postgres:x:999:' >>"$root/etc/group"
	mkdir -p "$root/docker-entrypoint-initdb.d" "$root/var/lib/postgresql/data" "$root/run/postgresql"
	chown -R 999:999 "$root/var/lib/postgresql" "$root/run/postgresql"
	sed -i -E "s/^#?(listen_addresses = )'localhost'/\1'*'/; s/^#?jit = on/jit = off/" \
		"$root/usr/share/postgresql/$major/postgresql.conf.sample"
done
