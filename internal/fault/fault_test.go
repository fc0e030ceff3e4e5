package fault_test

import (
	"errors"
	"fmt"
	"testing"

	"caotang/internal/fault"
)

func TestIsSeesThroughWrapping(t *testing.T) {
	cause := errors.New("disk")
	err := fmt.Errorf("saving: %w", fault.ErrNotFound.New(fault.Cause(cause)))
	if !fault.Is(err, fault.ErrNotFound) || fault.Is(err, fault.ErrForbidden) {
		t.Errorf("Is tells the wrong code of %v", err)
	}
	if !errors.Is(err, cause) {
		t.Error("the cause is lost")
	}
}

func TestACodeIsDefinedOnce(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("a second definition of not_found was accepted")
		}
	}()
	fault.Define(fault.Conflict, "not_found")
}
