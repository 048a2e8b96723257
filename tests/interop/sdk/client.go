// Talks to the REST port of a group of generated capabilities with Scaleway's SDK for Go.
//
// Usage: client ERRORS
//
// The environment points the SDK at the port, as it would point it at the API: SCW_API_URL and so on. The argument is
// errors.json: which secret makes the upstream fail, and how. The exit status is 0 only when everything is as expected.
package main

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"reflect"
	"slices"

	secret "github.com/scaleway/scaleway-sdk-go/api/secret/v1beta1"
	"github.com/scaleway/scaleway-sdk-go/scw"
)

const (
	absent       = "7e57ab1e-0000-4000-8000-00000000dead"
	otherProject = "7e57ab1e-0000-4000-8000-0000000000cc"

	// The CRC-32 of "value".
	checksum = uint32(494360628)
	// The versions that a secret may have.
	quota = 20
)

// What the SDK returns for each type; for others, it returns its general error. It knows no `already_exists` and no
// `too_many_requests`, and calls `expired` something else.
var classes = map[any]string{
	"denied_authentication": "*scw.DeniedAuthenticationError",
	"invalid_arguments":     "*scw.InvalidArgumentsError",
	"invalid_request_error": "*scw.InvalidArgumentsError",
	"locked":                "*scw.ResourceLockedError",
	"not_found":             "*scw.ResourceNotFoundError",
	"out_of_stock":          "*scw.OutOfStockError",
	"permissions_denied":    "*scw.PermissionsDeniedError",
	"precondition_failed":   "*scw.PreconditionFailedError",
	"quotas_exceeded":       "*scw.QuotasExceededError",
	"transient_state":       "*scw.TransientStateError",
	"unknown_resource":      "*scw.ResourceNotFoundError",
}

type object = map[string]any

// One entry of errors.json.
type failure struct {
	SecretID string `json:"secret_id"`
	Status   int    `json:"status"`
	Received int    `json:"received"`
	Body     object `json:"body"`
	Typed    object `json:"typed"`
}

type run struct {
	api           *secret.API
	name, project string
	secret        *secret.Secret
	version       *secret.SecretVersion
	failures      int
}

type step struct {
	name string
	run  func() error
}

// Each of them uses one operation, on the secret that the first of them creates.
func (r *run) operations() []step {
	return []step{
		{"create", func() (err error) {
			r.secret, err = r.api.CreateSecret(&secret.CreateSecretRequest{
				Name: r.name, Tags: []string{"one", "two"}, Description: new("déjà vu"), Path: new("/sdk/"),
			})
			if err != nil {
				return err
			}
			return equal(
				[]any{r.secret.Name, r.secret.Tags, *r.secret.Description, r.secret.Path, r.secret.Status, r.secret.ProjectID},
				[]any{r.name, []string{"one", "two"}, "déjà vu", "/sdk", secret.SecretStatusReady, r.project})
		}},
		{"get", func() error {
			found, err := r.api.GetSecret(&secret.GetSecretRequest{SecretID: r.secret.ID})
			return errors.Join(err, equal(found, r.secret))
		}},
		{"update", func() (err error) {
			r.secret, err = r.api.UpdateSecret(&secret.UpdateSecretRequest{
				SecretID: r.secret.ID, Tags: &[]string{"two", "three"}, Description: new(""),
			})
			if err != nil {
				return err
			}
			return equal([]any{r.secret.Name, r.secret.Tags, *r.secret.Description}, []any{r.name, []string{"two", "three"}, ""})
		}},
		{"list", func() error {
			listed, err := r.api.ListSecrets(&secret.ListSecretsRequest{
				ProjectID: &r.project, Name: &r.name, Tags: []string{"two", "three"}, Path: new("/sdk"),
				Ephemeral: new(false), Type: secret.SecretTypeOpaque,
			})
			if err != nil {
				return err
			}
			return equal(listed, &secret.ListSecretsResponse{Secrets: []*secret.Secret{r.secret}, TotalCount: 1})
		}},
		{"add owner", func() error {
			owner := &secret.AddSecretOwnerRequest{SecretID: r.secret.ID, Product: secret.ProductEdgeServices}
			if err := r.api.AddSecretOwner(owner); err != nil {
				return err
			}
			found, err := r.api.GetSecret(&secret.GetSecretRequest{SecretID: r.secret.ID})
			if err != nil {
				return err
			}
			return equal(found.UsedBy, []secret.Product{secret.ProductEdgeServices})
		}},
		{"protect", func() error {
			changed, err := r.api.ProtectSecret(&secret.ProtectSecretRequest{SecretID: r.secret.ID})
			if err != nil {
				return err
			}
			body := object{"type": "precondition_failed", "precondition": "protected_resource"}
			deletion := r.api.DeleteSecret(&secret.DeleteSecretRequest{SecretID: r.secret.ID})
			return errors.Join(equal(changed.Protected, true), r.fails(failure{Status: 412, Body: body}, deletion))
		}},
		{"unprotect", func() error {
			changed, err := r.api.UnprotectSecret(&secret.UnprotectSecretRequest{SecretID: r.secret.ID})
			if err != nil {
				return err
			}
			return equal(changed.Protected, false)
		}},
		{"create version", func() (err error) {
			create := &secret.CreateSecretVersionRequest{SecretID: r.secret.ID, Data: []byte("value")}
			if _, err = r.api.CreateSecretVersion(create); err != nil {
				return err
			}
			r.version, err = r.api.CreateSecretVersion(&secret.CreateSecretVersionRequest{
				SecretID: r.secret.ID, Data: []byte("value"), DataCrc32: new(checksum), Description: new("second"),
				DisablePrevious: new(true),
			})
			if err != nil {
				return err
			}
			return equal(
				[]any{r.version.Revision, r.version.Status, r.version.Latest, *r.version.Description, r.version.SecretID},
				[]any{uint32(2), secret.SecretVersionStatusEnabled, true, "second", r.secret.ID})
		}},
		{"get version", func() error {
			first, err := r.api.GetSecretVersion(&secret.GetSecretVersionRequest{SecretID: r.secret.ID, Revision: "1"})
			if err != nil {
				return err
			}
			latest, err := r.api.GetSecretVersion(&secret.GetSecretVersionRequest{SecretID: r.secret.ID, Revision: "latest"})
			return errors.Join(err, equal(first.Status, secret.SecretVersionStatusDisabled), equal(latest, r.version))
		}},
		{"update version", func() (err error) {
			r.version, err = r.api.UpdateSecretVersion(&secret.UpdateSecretVersionRequest{
				SecretID: r.secret.ID, Revision: "2", Description: new("déjà vu"),
			})
			if err != nil {
				return err
			}
			return equal([]any{r.version.Revision, *r.version.Description}, []any{uint32(2), "déjà vu"})
		}},
		{"list versions", func() error {
			enabled, err := r.api.ListSecretVersions(&secret.ListSecretVersionsRequest{
				SecretID: r.secret.ID, Status: []secret.SecretVersionStatus{secret.SecretVersionStatusEnabled},
			})
			if err != nil {
				return err
			}
			all, err := r.api.ListSecretVersions(
				&secret.ListSecretVersionsRequest{SecretID: r.secret.ID, PageSize: new(uint32(1))}, scw.WithAllPages())
			if err != nil {
				return err
			}
			return errors.Join(
				equal(enabled, &secret.ListSecretVersionsResponse{Versions: []*secret.SecretVersion{r.version}, TotalCount: 1}),
				equal(len(all.Versions), 2), equal(all.Versions[0], r.version))
		}},
		{"access version", func() error {
			value, err := r.api.AccessSecretVersion(
				&secret.AccessSecretVersionRequest{SecretID: r.secret.ID, Revision: "latest_enabled"})
			return errors.Join(err, equal(value, r.value()))
		}},
		{"access version by path", func() error {
			value, err := r.api.AccessSecretVersionByPath(&secret.AccessSecretVersionByPathRequest{
				SecretPath: "/sdk", SecretName: r.name, ProjectID: r.project, Revision: "2",
			})
			return errors.Join(err, equal(value, r.value()))
		}},
		{"disable version", func() error {
			changed, err := r.api.DisableSecretVersion(
				&secret.DisableSecretVersionRequest{SecretID: r.secret.ID, Revision: "2"})
			if err != nil {
				return err
			}
			body := object{"type": "precondition_failed", "precondition": "resource_not_usable"}
			_, access := r.api.AccessSecretVersion(&secret.AccessSecretVersionRequest{SecretID: r.secret.ID, Revision: "2"})
			return errors.Join(
				equal(changed.Status, secret.SecretVersionStatusDisabled), r.fails(failure{Status: 412, Body: body}, access))
		}},
		{"enable version", func() error {
			changed, err := r.api.EnableSecretVersion(
				&secret.EnableSecretVersionRequest{SecretID: r.secret.ID, Revision: "2"})
			if err != nil {
				return err
			}
			return equal(changed.Status, secret.SecretVersionStatusEnabled)
		}},
		{"delete version", func() error {
			version := &secret.DeleteSecretVersionRequest{SecretID: r.secret.ID, Revision: "2"}
			if err := r.api.DeleteSecretVersion(version); err != nil {
				return err
			}
			found, err := r.api.GetSecretVersion(&secret.GetSecretVersionRequest{SecretID: r.secret.ID, Revision: "2"})
			if err != nil {
				return err
			}
			return equal(found.Status, secret.SecretVersionStatusScheduledForDeletion)
		}},
		{"restore version", func() error {
			restored, err := r.api.RestoreSecretVersion(
				&secret.RestoreSecretVersionRequest{SecretID: r.secret.ID, Revision: "2"})
			if err != nil {
				return err
			}
			return equal(
				[]any{restored.Revision, restored.Status, restored.SecretID},
				[]any{uint32(2), secret.SecretVersionStatusEnabled, r.secret.ID})
		}},
		{"delete", func() error {
			if err := r.api.DeleteSecret(&secret.DeleteSecretRequest{SecretID: r.secret.ID}); err != nil {
				return err
			}
			found, err := r.api.GetSecret(&secret.GetSecretRequest{SecretID: r.secret.ID})
			if err != nil {
				return err
			}
			return equal(found.DeletionRequestedAt != nil, true)
		}},
		{"restore", func() error {
			restored, err := r.api.RestoreSecret(&secret.RestoreSecretRequest{SecretID: r.secret.ID})
			if err != nil {
				return err
			}
			deletion := r.api.DeleteSecret(&secret.DeleteSecretRequest{SecretID: r.secret.ID})
			return errors.Join(equal(restored.Name, r.name), equal(restored.DeletionRequestedAt == nil, true), deletion)
		}},
	}
}

// What the second version holds.
func (r *run) value() *secret.AccessSecretVersionResponse {
	return &secret.AccessSecretVersionResponse{
		SecretID: r.secret.ID, Revision: 2, Data: []byte("value"), DataCrc32: new(checksum), Type: secret.SecretTypeOpaque,
	}
}

// Lists some secrets by pages, all of them or one page.
func (r *run) pages() error {
	var names []string
	tags := []string{r.name}
	for _, letter := range []string{"a", "b", "c", "d", "e"} {
		name := r.name + "-" + letter
		made, err := r.api.CreateSecret(&secret.CreateSecretRequest{Name: name, Tags: tags})
		if err != nil {
			return err
		}
		defer r.api.DeleteSecret(&secret.DeleteSecretRequest{SecretID: made.ID})
		names = append(names, name)
	}
	list := func(request secret.ListSecretsRequest, options ...scw.RequestOption) ([]string, uint64, error) {
		request.ProjectID, request.Tags, request.PageSize = &r.project, tags, new(uint32(2))
		listed, err := r.api.ListSecrets(&request, options...)
		if err != nil {
			return nil, 0, err
		}
		var found []string
		for _, each := range listed.Secrets {
			found = append(found, each.Name)
		}
		return found, listed.TotalCount, nil
	}
	page, total, err := list(secret.ListSecretsRequest{Page: new(int32(2))})
	if err = errors.Join(err, equal(page, names[2:4]), equal(total, uint64(5))); err != nil {
		return err
	}
	all, _, err := list(secret.ListSecretsRequest{OrderBy: secret.ListSecretsRequestOrderByNameDesc}, scw.WithAllPages())
	slices.Reverse(names)
	return errors.Join(err, equal(all, names))
}

// Counts an error that is as expected.
func (r *run) fails(expected failure, err error) error {
	if failed := check(expected, err); failed != nil {
		return fmt.Errorf("%d %v: %w", expected.Status, expected.Body["type"], failed)
	}
	r.failures++
	return nil
}

// Checks an error for its status, a body that holds the expected one, and the SDK's type for it.
func check(expected failure, err error) error {
	if err == nil {
		return errors.New("the call succeeds")
	}
	received, general := expected.Received, new(scw.ResponseError)
	if errors.As(err, &general) {
		if received == 0 {
			received = expected.Status
		}
		if err := equal(general.StatusCode, received); err != nil {
			return err
		}
	}
	if received != 0 && received != expected.Status {
		return equal(fmt.Sprintf("%T", err), "*scw.ResponseError")
	}
	class, known := classes[expected.Body["type"]]
	if !known {
		class = "*scw.ResponseError"
	}
	if actual := fmt.Sprintf("%T", err); actual != class {
		return fmt.Errorf("the error is a %s, not a %s: %w", actual, class, err)
	}
	// The members of the SDK's types are named as in the body.
	raw := reflect.ValueOf(err).Elem().FieldByName("RawBody").Bytes()
	members, failed := json.Marshal(err)
	if failed != nil {
		return failed
	}
	var body, typed any
	if err := errors.Join(json.Unmarshal(raw, &body), json.Unmarshal(members, &typed)); err != nil {
		return err
	}
	whole := body
	if expected.Typed != nil {
		whole = expected.Typed
	}
	return errors.Join(holds(body, expected.Body, "the body"), holds(whole, typed, "the error"))
}

// Errors of the upstream's own, and those that it is made to respond with.
func (r *run) errors(scripted []failure) error {
	denied := object{"type": "permissions_denied", "details": []any{object{"action": "list", "resource": "secret"}}}
	invalid := object{"type": "invalid_arguments", "details": []any{object{"argument_name": "name", "reason": "format"}}}
	missing := object{"type": "not_found", "resource": "secret", "resource_id": absent}
	_, list := r.api.ListSecrets(&secret.ListSecretsRequest{ProjectID: new(otherProject)})
	_, create := r.api.CreateSecret(&secret.CreateSecretRequest{Name: "not a name"})
	_, get := r.api.GetSecret(&secret.GetSecretRequest{SecretID: absent})
	all := errors.Join(
		r.fails(failure{Status: 403, Body: denied}, list),
		r.fails(failure{Status: 400, Body: invalid}, create),
		r.fails(failure{Status: 404, Body: missing}, get),
		r.errorsOfVersions())
	for _, expected := range scripted {
		id := expected.SecretID
		_, get := r.api.GetSecret(&secret.GetSecretRequest{SecretID: id})
		_, protect := r.api.ProtectSecret(&secret.ProtectSecretRequest{SecretID: id})
		remove := r.api.DeleteSecret(&secret.DeleteSecretRequest{SecretID: id})
		_, create := r.api.CreateSecretVersion(&secret.CreateSecretVersionRequest{SecretID: id, Data: []byte("value")})
		_, access := r.api.AccessSecretVersion(&secret.AccessSecretVersionRequest{SecretID: id, Revision: "latest"})
		for _, err := range []error{get, protect, remove, create, access} {
			all = errors.Join(all, r.fails(expected, err))
		}
	}
	return all
}

// Errors about versions, of the upstream's own: a name that is taken, too many of them, and none.
func (r *run) errorsOfVersions() error {
	made, err := r.api.CreateSecret(&secret.CreateSecretRequest{Name: r.name + "-full"})
	if err != nil {
		return err
	}
	_, again := r.api.CreateSecret(&secret.CreateSecretRequest{Name: r.name + "-full"})
	create := &secret.CreateSecretVersionRequest{SecretID: made.ID, Data: []byte("value")}
	for range quota {
		if _, err := r.api.CreateSecretVersion(create); err != nil {
			return err
		}
	}
	_, more := r.api.CreateSecretVersion(create)
	create.DataCrc32 = new(checksum + 1)
	_, wrong := r.api.CreateSecretVersion(create)
	_, none := r.api.GetSecretVersion(&secret.GetSecretVersionRequest{SecretID: made.ID, Revision: "99"})
	taken := object{"type": "invalid_arguments", "details": []any{object{"argument_name": "name", "reason": "format"}}}
	full := object{"type": "quotas_exceeded", "details": []any{object{"resource": "secret_version", "quota": float64(quota)}}}
	sum := object{"type": "invalid_arguments", "details": []any{object{"argument_name": "data_crc32", "reason": "constraint"}}}
	missing := object{"type": "not_found", "resource": "secret_version", "resource_id": "99"}
	return errors.Join(
		r.fails(failure{Status: 400, Body: taken}, again),
		r.fails(failure{Status: 403, Body: full}, more),
		r.fails(failure{Status: 400, Body: sum}, wrong),
		r.fails(failure{Status: 404, Body: missing}, none),
		r.api.DeleteSecret(&secret.DeleteSecretRequest{SecretID: made.ID}))
}

func equal(actual, expected any) error {
	if reflect.DeepEqual(actual, expected) {
		return nil
	}
	return fmt.Errorf("%+v is not %+v", actual, expected)
}

// Checks that a value of JSON has all members of another one.
func holds(whole, part any, what string) (err error) {
	switch part := part.(type) {
	case object:
		members, _ := whole.(object)
		for name, value := range part {
			err = errors.Join(err, holds(members[name], value, what+"."+name))
		}
	case []any:
		values, _ := whole.([]any)
		if len(values) != len(part) {
			return fmt.Errorf("%s is %v, not %v", what, whole, part)
		}
		for number, value := range part {
			err = errors.Join(err, holds(values[number], value, fmt.Sprintf("%s[%d]", what, number)))
		}
	default:
		if whole != part {
			return fmt.Errorf("%s is %v, not %v", what, whole, part)
		}
	}
	return err
}

func main() {
	text, err := os.ReadFile(os.Args[1])
	var scripted []failure
	if err = errors.Join(err, json.Unmarshal(text, &scripted)); err != nil {
		panic(err)
	}
	client, err := scw.NewClient(scw.WithEnv())
	if err != nil {
		panic(err)
	}
	project, _ := client.GetDefaultProjectID()
	r := &run{api: secret.NewAPI(client), name: "go-" + rand.Text(), project: project}
	operations := r.operations()
	groups := append(slices.Clone(operations),
		step{"pages", r.pages}, step{"errors", func() error { return r.errors(scripted) }})
	code := 0
	for _, group := range groups {
		if err := group.run(); err != nil {
			fmt.Printf("%s FAILED: %v\n", group.name, err)
			code = 1
			if group.name == "create" {
				break
			}
		}
	}
	fmt.Printf("%d operations, all pages, %d errors\n", len(operations), r.failures)
	os.Exit(code)
}
