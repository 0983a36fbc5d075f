#!/usr/bin/env bash
# A store for dumps, as the tests need one: `s3` is Ceph's object store in memory (mon, osd and radosgw, no mgr), `ssh` is
# OpenSSH's server. Each prints a line "ready" once it answers.
set -Eeuo pipefail

start_s3() {
	local folder=/var/lib/ceph-test fsid osd
	fsid=$(cat /proc/sys/kernel/random/uuid)
	osd=$(cat /proc/sys/kernel/random/uuid)
	mkdir -p "$folder"/{mon,osd}
	export CEPH_CONF=$folder/ceph.conf
	cat >"$CEPH_CONF" <<-CONF
		[global]
		fsid = $fsid
		mon host = v2:127.0.0.1:17300
		mon initial members = a
		public addr = 127.0.0.1
		cluster addr = 127.0.0.1
		auth cluster required = none
		auth service required = none
		auth client required = none
		run dir = $folder
		log file = $folder/\$name.log
		admin socket = $folder/\$name.asok
		mon data = $folder/mon
		osd data = $folder/osd
		osd pool default size = 1
		osd pool default min size = 1
		osd pool default pg num = 8
		osd pool default pg autoscale mode = off
		osd crush chooseleaf type = 0
		mon allow pool size one = true
		mon max pg per osd = 1000
		mon data avail crit = 1
		osd objectstore = memstore
		memstore device bytes = 8589934592
		paxos propose interval = 0.02
		paxos min wait = 0.01
		[client]
		ms mon client mode = crc
		rgw data = $folder
		rgw frontends = beast endpoint=0.0.0.0:7480 tcp_nodelay=1
	CONF
	monmaptool --create --addv a '[v2:127.0.0.1:17300]' --fsid "$fsid" "$folder/monmap" >/dev/null
	ceph-mon --mkfs -i a --monmap "$folder/monmap"
	ceph-mon -f -i a >/dev/null 2>&1 &
	ceph osd new "$osd"
	ceph-osd -i 0 --mkfs --osd-uuid "$osd"
	ceph-osd -f -i 0 >/dev/null 2>&1 &
	until ceph osd stat | grep -q '1 up'; do sleep 0.1; done
	radosgw-admin user create --uid t --display-name t --access-key "$STORE_KEY" --secret-key "$STORE_SECRET" >/dev/null
	echo ready
	exec radosgw -f -n client.rgw
}

start_ssh() {
	mkdir -p /run/sshd /root/.ssh
	chmod 700 /root /root/.ssh
	printf '%s\n' "$STORE_KEY" >/root/.ssh/authorized_keys
	grep -q '^sshd:' /etc/passwd || echo 'sshd:x:105:65534::/run/sshd:/usr/sbin/nologin' >>/etc/passwd
	ssh-keygen -q -t ed25519 -N '' -f /etc/ssh/ssh_host_ed25519_key
	printf '%s\n' 'PermitRootLogin prohibit-password' 'UsePAM no' 'MaxStartups 100' >/etc/ssh/sshd_config
	echo ready
	exec /usr/sbin/sshd -D -e -h /etc/ssh/ssh_host_ed25519_key
}

"start_$1"
