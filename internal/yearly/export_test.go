package yearly

// Hold makes a pack hold so many records at most.
func (s *Service) Hold(most int) { s.most = most }

// Actions are those that a pack counts.
func Actions() (all []string) {
	for _, g := range groups {
		all = append(all, g.actions...)
	}
	return all
}
