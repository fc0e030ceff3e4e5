package guard

import "net/netip"

// Home is the form in which the addresses of one household or phone are the same: of IPv6 the /64, within which devices
// change their address all day; an IPv4 address is itself.
func Home(address string) string {
	ip, err := netip.ParseAddr(address)
	if err != nil {
		return address
	}
	ip = ip.Unmap().WithZone("")
	if ip.Is4() {
		return ip.String()
	}
	return within(ip, 64)
}

// places gives what the requests of an address are counted under: the address and its network, an IPv4 /24 or an IPv6
// /56. They are "" for what is no address, and for this machine's own: behind a proxy that nobody has named as trusted
// all the world has that one, and none must wait for the others.
func places(address string) (host, network string) {
	ip, err := netip.ParseAddr(address)
	if err != nil || ip.Unmap().IsLoopback() {
		return "", ""
	}
	ip = ip.Unmap().WithZone("")
	if ip.Is4() {
		return ip.String(), within(ip, 24)
	}
	return within(ip, 64), within(ip, 56)
}

func within(ip netip.Addr, bits int) string {
	prefix, err := ip.Prefix(bits)
	if err != nil { // no such length: cannot be, with these numbers
		return ip.String()
	}
	return prefix.String()
}
