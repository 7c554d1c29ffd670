#!/usr/bin/env python3
"""Prints the tables schema_{meta,core,other}.cc from the Go types of Kubernetes.

    schema_tables.py STAGING meta|core|other > scheduler/apiserver/schema_PART.cc

STAGING is staging/src/k8s.io of a Kubernetes source tree; the committed tables are of 1.20.2, whose
source package is fetched as in tests/controlplane/build.sh. Only facts are taken: names of fields,
their numbers, types and struct tags. Fields that are newer stand in schema_current.cc, by hand.

The form of a table is described in schema_build.cc, which reads it.
"""
import pathlib
import re
import sys
import textwrap

# Where the types of a package are, and the name that Go code gives that package.
PACKAGES = {
    'meta.v1': 'apimachinery/pkg/apis/meta/v1',
    'core.v1': 'api/core/v1',
    'batch.v1': 'api/batch/v1',
    'coordination.v1': 'api/coordination/v1',
    'scheduling.v1': 'api/scheduling/v1',
    'policy.v1beta1': 'api/policy/v1beta1',
    'authorization.v1': 'api/authorization/v1',
    'events.v1': 'api/events/v1',
}

ROOTS = {
    'meta.v1': '''Status DeleteOptions WatchEvent ListMeta PartialObjectMetadata
        PartialObjectMetadataList''',
    'core.v1': '''Pod PodList PodTemplate Node NodeList Namespace NamespaceList Event EventList
        Binding ObjectReference ServiceAccount ServiceAccountList ConfigMap ConfigMapList Secret
        SecretList Service ServiceList''',
    'batch.v1': 'Job JobList',
    'coordination.v1': 'Lease LeaseList',
    'scheduling.v1': 'PriorityClass PriorityClassList',
    'policy.v1beta1': 'PodDisruptionBudget PodDisruptionBudgetList Eviction',
    'authorization.v1': 'SelfSubjectAccessReview',
    'events.v1': 'Event EventList',
}

SCALARS = {'string': 's', 'bool': 'b', 'int32': 'i', 'int64': 'I', 'float64': 'd'}
SPECIAL = {
    'resource.Quantity': 'q', 'meta.v1.Time': 't', 'meta.v1.MicroTime': 'u',
    'intstr.IntOrString': 'x', 'runtime.RawExtension': 'r', 'meta.v1.FieldsV1': 'r',
}
# Go packages of named strings that lie outside PACKAGES.
STRINGS = {'types.UID'}

HEADER = '''// Made by schema_tables.py from Kubernetes 1.20.2. The form is described in schema_build.cc.
#include "scheduler/apiserver/schema_build.h"

namespace fairlead::apiserver {

// clang-format off
const char k%sTable[] = R"(
%s)";
// clang-format on

}  // namespace fairlead::apiserver'''


class Types:
    """All struct types and named types of the packages."""

    def __init__(self, staging):
        self.structs = {}  # 'core.v1.Pod' -> [(go name, go type, tags)]
        self.named = {}    # 'core.v1.PodPhase' -> 'string'
        for package, folder in PACKAGES.items():
            for path in sorted((pathlib.Path(staging) / folder).glob('*.go')):
                if not re.search('_test|generated|_swagger', path.name):
                    self.read(package, path.read_text())

    def read(self, package, text):
        for name, body in re.findall(r'^type (\w+) struct \{\n(.*?)^\}', text, re.M | re.S):
            lines = re.findall(r'^\s+(?:(\w+)\s+)?([\w.*\[\]]+)\s+`(.*)`', body, re.M)
            self.structs[f'{package}.{name}'] = [(n, t, dict(re.findall(r'(\w+):"([^"]*)"', tags)))
                                                for n, t, tags in lines]
        for name, kind in re.findall(r'^type (\w+) ([\w.\[\]]+)$', text, re.M):
            self.named[f'{package}.{name}'] = kind

    def resolve(self, package, go_type):
        """The full name of a type that code in `package` calls `go_type`."""
        if go_type in SCALARS or go_type == 'byte' or go_type in STRINGS or go_type in SPECIAL:
            return go_type
        if '.' not in go_type:
            return f'{package}.{go_type}'
        alias, name = go_type.split('.')
        if alias == 'metav1':
            return f'meta.v1.{name}'
        if alias in ('v1', 'corev1', 'apiv1') and package != 'meta.v1':
            return f'core.v1.{name}'
        return go_type


def short(full_name):
    """core.v1.Pod -> v1.Pod, as Go prints it."""
    return '.'.join(full_name.split('.')[-2:])


def capital(name):
    return name[:1].upper() + name[1:]


class Printer:
    def __init__(self, types):
        self.types = types
        self.lines = {}  # message -> its fields as text
        self.order = []

    def visit(self, message):
        if message in self.lines:
            return
        self.lines[message] = None
        self.order.append(message)
        package = message.rsplit('.', 1)[0]
        words = []
        for go_name, go_type, tags in self.types.structs[message]:
            words += self.field(package, go_name, go_type, tags)
        self.lines[message] = ' '.join(words)

    def field(self, package, go_name, go_type, tags):
        name, _, options = tags.get('json', '').partition(',')
        number = re.search(r',(\d+),', tags.get('protobuf', ''))
        if name == '-':
            return []
        if 'inline' in options and go_type.endswith('TypeMeta'):
            return ['kind=0s', 'apiVersion=0s']
        code, opts, by_value = self.type_of(package, go_type)
        if 'inline' in options:
            return [f'={number[1]}{code};g={go_type}']
        if 'omitempty' not in options or by_value:
            code = '!' + code
        merge = 'merge' in tags.get('patchStrategy', '')
        if merge and 'patchMergeKey' in tags:
            opts.append('k=' + tags['patchMergeKey'])
        elif merge and '[' in code:
            opts.append('l')
        if 'replace' in tags.get('patchStrategy', ''):
            opts.append('a')
        if 'retainKeys' in tags.get('patchStrategy', ''):
            opts.append('r')
        if not go_name:
            go_name = go_type.split('.')[-1]
        if capital(name) != go_name:
            opts.append('g=' + go_name)
        return [';'.join([f'{name}={number[1] if number else 0}{code}'] + opts)]

    def type_of(self, package, go_type):
        """Its code in the table, options, and whether it is a struct that is held by value."""
        prefix, opts = '', []
        if go_type.startswith('*'):
            prefix, go_type = '*', go_type[1:]
        full = self.types.resolve(package, go_type)
        kind = self.types.named.get(full, '')
        if kind.startswith('map['):
            opts.append('t=' + short(full))
            package, go_type = full.rsplit('.', 1)[0], kind
        if go_type == '[]byte':
            return prefix + 'y', opts, False
        if go_type.startswith('['):
            prefix, go_type = '[', go_type[2:]
        elif go_type.startswith('map['):
            prefix, go_type = '{', go_type[go_type.index(']') + 1:]
        if go_type == '[]byte':
            return prefix + 'y', opts, False
        full = self.types.resolve(package, go_type)
        if full in SPECIAL:
            return prefix + SPECIAL[full], opts, prefix == ''
        if full in STRINGS or self.types.named.get(full) in SCALARS:
            opts.append('t=' + short(full))
            return prefix + SCALARS[self.types.named.get(full, 'string')], opts, False
        if full in SCALARS:
            return prefix + SCALARS[full], opts, False
        self.visit(full)
        return f'{prefix}@{full}', opts, prefix == ''


def main():
    staging, part = sys.argv[1:]
    printer = Printer(Types(staging))
    for package, names in ROOTS.items():
        for name in names.split():
            printer.visit(f'{package}.{name}')
    out = []
    for message in sorted(printer.order):
        package = message.split('.')[0]
        if part == (package if package in ('meta', 'core') else 'other'):
            out += textwrap.wrap(f'{message}: {printer.lines[message]}', 100,
                                 subsequent_indent='  ', break_long_words=False,
                                 break_on_hyphens=False)
    print(HEADER % (part.capitalize(), '\n'.join(out)))


if __name__ == '__main__':
    main()
