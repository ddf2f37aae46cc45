extension AdminAPI {
    static let routes: [AdminRoute] =
        principalRoutes + roleRoutes + assignmentRoutes + resourceRoutes + policyRoutes + tokenRoutes
        + revocationRoutes + clusterRoutes + auditRoutes + statusRoutes + checkRoutes
}
