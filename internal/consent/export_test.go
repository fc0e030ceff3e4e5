package consent

// HashOf is a version's hash.
func HashOf(p Purpose, version int) string {
	w, _ := read(p, version)
	return w.hash
}
