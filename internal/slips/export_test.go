package slips

// NewCode makes a code that nobody has.
func NewCode() string { return grouped(newCode()) }
