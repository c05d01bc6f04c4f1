// Package charttest renders the Helm chart of Aisle with several values and checks the objects. It is a module of its own, which nothing
// else is built with: the types of Kubernetes weigh more than Aisle. "make chart" runs its tests.
package charttest
