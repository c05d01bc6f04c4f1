package imports

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/aisle-rec/aisle/shared/apierror"
	"github.com/aisle-rec/aisle/shared/profileapi"
	"github.com/aisle-rec/aisle/shared/table"
)

// defaultMaxGone is the largest share of a catalogue that a complete file may archive unless it says otherwise.
const defaultMaxGone = .2

// checkSpec refuses options that cannot be used whatever the file holds, and fills in defaults.
// It reports every wrong option at once, as a 422 problem; an import to replace that does not
// exist is a 404. Only what needs the file is left for later.
func (im *Imports) checkSpec(ctx context.Context, shop string, spec *profileapi.ImportSpec) error {
	var errs []apierror.FieldError
	wrong := func(parameter, code, detail string) {
		errs = append(errs, apierror.FieldError{Parameter: parameter, Code: code, Detail: detail})
	}
	if spec.Format == "" {
		spec.Format = "auto"
	}
	switch {
	case !slices.Contains([]string{"users", "items", "events"}, spec.Kind):
		wrong("kind", "invalid_kind", fmt.Sprintf("%.40q is none of users, items, events.", spec.Kind))
	case !slices.Contains(profileapi.ImportFormats(), spec.Format):
		wrong("format", "invalid_format", fmt.Sprintf("%.40q is none of %s.", spec.Format, strings.Join(profileapi.ImportFormats(), ", ")))
	case spec.Kind != "items" && slices.Contains([]string{"google_merchant_tsv", "google_merchant_xml", "woocommerce_csv"}, spec.Format):
		wrong("format", "invalid_format", "The format holds items only: use kind=items, or the format auto.")
	case spec.Kind != "events" && spec.Format == "shopify_orders_csv":
		wrong("format", "invalid_format", "The format holds orders: use kind=events.")
	default:
		if _, err := table.NewPlan(table.Kind(spec.Kind), columnsOf(spec),
			table.PlanOptions{Mapping: spec.Mapping, Ignore: spec.Ignore, Set: spec.Set, MapValues: spec.MapValues,
				Decimal: spec.Decimal, DateFormat: spec.DateFormat, Timezone: spec.Timezone}); err != nil {
			wrong("spec", "invalid_option", capital(err.Error())+".")
		}
	}
	if spec.Complete && spec.Kind != "items" {
		wrong("complete", "invalid_option", "Only a file of items can be a whole catalogue.")
	}
	if spec.MaxGone < 0 || spec.MaxGone > 1 {
		wrong("max_gone", "out_of_range", "max_gone is a share between 0 and 1.")
	}
	if spec.Replace != "" {
		if im.o.Undoer == nil {
			wrong("replace", "not_available", "This installation cannot undo an import, so that none can be replaced: leave replace out.")
		} else if _, err := im.Import(ctx, shop, spec.Replace); err != nil {
			return err
		}
	}
	if len(errs) > 0 {
		return apierror.Invalid("The import cannot be started as it is asked for.", errs...)
	}
	return nil
}

// columnsOf are the columns that the options name: whether the file has them is found out when it is read.
func columnsOf(spec *profileapi.ImportSpec) []string {
	columns := slices.Clone(spec.Ignore)
	for column := range spec.Mapping {
		columns = append(columns, column)
	}
	return columns
}

// capital makes a sentence of an error's text, which begins with an ASCII letter.
func capital(text string) string {
	if text == "" {
		return text
	}
	return strings.ToUpper(text[:1]) + text[1:]
}
