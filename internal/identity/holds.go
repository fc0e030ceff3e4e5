package identity

// HoldsIDNumber tells whether the 18 characters of somebody's ID number stand anywhere in a text, in one piece or with spaces and dashes
// in between; its check character must be right, and its birth date have come. Digits that are part of a longer number are none.
func HoldsIDNumber(text string) bool {
	digit := func(r rune) bool { return '0' <= r && r <= '9' }
	var signs []rune  // without what parts groups of digits
	var begins []bool // whether a number could begin at the sign
	parted := true
	for _, r := range text {
		if r = halfWidth(r); isInvisible(r) || isMark(r) {
			parted = true
			continue
		}
		signs, begins = append(signs, r), append(begins, parted || !digit(r) || !digit(signs[len(signs)-1]))
		parted = false
	}
	const length = 18
	for from := 0; from+length <= len(signs); from++ {
		to := from + length
		if !begins[from] || to < len(signs) && !begins[to] {
			continue
		}
		if _, p := Parse(ResidentID, string(signs[from:to])); p == nil {
			return true
		}
	}
	return false
}
