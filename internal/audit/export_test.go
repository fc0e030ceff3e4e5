package audit

// Hold makes a file hold so many records at most.
func (s *Service) Hold(most int) *Service {
	s.most = most
	return s
}
