package yearly

// Hold makes a pack hold so many records at most.
func (s *Service) Hold(most int) { s.most = most }
