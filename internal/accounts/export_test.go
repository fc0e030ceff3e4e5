package accounts

import "context"

// Occupy takes every turn to hash until the returned function is called: a server whose cores are all at work.
func (s *Service) Occupy() (release func()) {
	for range cap(s.hasher.turns) {
		s.hasher.turns <- struct{}{}
	}
	return func() {
		for range cap(s.hasher.turns) {
			<-s.hasher.turns
		}
	}
}

// NobodysHash is what is compared when there is no account.
func NobodysHash() string { return nobodysHash }

// Verify compares a password with a stored hash.
func Verify(stored, password string) (bool, error) { return verifyPassword(stored, password) }

// HashInTurn is a hash of the service, within its bounds.
func (s *Service) HashInTurn(ctx context.Context, password string) (string, error) {
	return s.hasher.hash(ctx, password)
}

// InParts has an import commit after so many rows, and decide them in several batches.
func (o OldAccounts) InParts(rows int) OldAccounts {
	o.partRows = rows
	return o
}

// DeviceNames are the names of every browser and system that a device may have.
func DeviceNames() (browser, system []string) {
	for _, m := range browsers {
		browser = append(browser, m.name)
	}
	for _, m := range systems {
		system = append(system, m.name)
	}
	return browser, system
}

// HashesMade is how many argon2id hashes this process has made.
func HashesMade() int64 { return hashesMade.Load() }

// Trying is how many logins are being tried.
func (s *Service) Trying() int {
	s.gates.mu.Lock()
	defer s.gates.mu.Unlock()
	return len(s.gates.gate)
}

// PlaceOf is where a table says that an address is.
func PlaceOf(t *Addresses, address string) Place { return t.placeOf(address) }
